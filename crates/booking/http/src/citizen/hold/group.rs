//! Several persons in one request: what they are told.

use actix_web::HttpResponse;
use booking::{BookGroupOutcome, HoldId, PassGrant, Person};
use serde::Serialize;
use utoipa::ToSchema;
use web::reply;
use web::{Code, IdempotencyKey, Mistake, Problem};

use crate::app::App;
use crate::citizen::booking::NewlyBooked;
use crate::citizen::hold::book::BookedOnHold;
use crate::refusal;

/// One for each person.
#[derive(Serialize, ToSchema)]
#[schema(as = BookedGroup)]
pub(crate) struct GroupBody<'a> {
    /// In the order of `persons`.
    #[schema(min_items = 1, max_items = 4)]
    bookings: Vec<NewlyBooked<'a>>,
}

impl App {
    /// Registers all of `persons` onto the hold, or none.
    pub(crate) async fn book_group(
        &self,
        pass: PassGrant,
        hold: HoldId,
        persons: &[Person],
        key: &IdempotencyKey,
    ) -> Result<HttpResponse, Problem> {
        let campaign = pass.campaign.clone();
        let outcome = self.bookings.book_group(pass, hold, persons, key.as_str()).await;
        match outcome.map_err(|failure| self.problem(failure))? {
            BookGroupOutcome::Booked(booked) => {
                let bookings = booked.iter().zip(persons);
                let bookings = bookings
                    .map(|(booked, person)| self.newly_booked(&campaign, booked, person))
                    .collect();
                let body = GroupBody { bookings };
                reply::created(format!("/v1/holds/{hold}"), &BookedOnHold::Several(body))
            }
            BookGroupOutcome::HoldNotFound => Err(Problem::new(Code::HoldNotFound)),
            BookGroupOutcome::HoldEnded => Err(Problem::new(Code::HoldEnded)),
            BookGroupOutcome::NoSeatFor { member } => {
                Err(at(member, Code::HoldEnded, Mistake::Refused))
            }
            BookGroupOutcome::NamedTwice { member } => {
                Err(at(member, Code::InvalidRequest, Mistake::Repeated))
            }
            BookGroupOutcome::PersonNotOfPass => {
                Err(at(0, Code::NotThePersonOfThePass, Mistake::Refused))
            }
            BookGroupOutcome::AlreadyBooked { member } => {
                Err(at(member, Code::AlreadyBooked, Mistake::Refused))
            }
            BookGroupOutcome::RefusedTooOften => Err(Problem::new(Code::RefusedTooOften)),
            BookGroupOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
            BookGroupOutcome::NotEligible => Err(refusal::not_eligible()),
            BookGroupOutcome::Unmet { member, unmet } => {
                Err(refusal::unmet(unmet).field(person_at(member), Mistake::Refused))
            }
            BookGroupOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
        }
    }
}

/// The problem at this person of the list.
fn at(member: usize, code: Code, mistake: Mistake) -> Problem {
    Problem::new(code).field(person_at(member), mistake)
}

fn person_at(member: usize) -> String {
    format!("persons[{member}]")
}
