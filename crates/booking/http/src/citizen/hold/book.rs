//! POST /v1/holds/{hold}/bookings

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::BookHoldOutcome;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Body, Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::citizen::booking::{NewPerson, NewlyBooked};
use crate::refusal::HoldInPath;

/// The person to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBookingOnHold {
    person: NewPerson,
}

problem_responses!(
    /// What a registration can be refused with.
    RegistrationProblems of HoldInPath, IdempotencyKey, Body<NewBookingOnHold>:
        PassInvalid, NotEligible, NotThePersonOfThePass, AlreadyBooked, RefusedTooOften, HoldEnded,
        CampaignClosed, RequestInProgress, IdempotencyKeyReused, Overloaded, Unavailable
);

/// Register one person onto a hold.
#[utoipa::path(
    tag = "bookings",
    params(HoldInPath, IdempotencyKey),
    request_body = NewBookingOnHold,
    responses((status = 201, body = NewlyBooked, headers(("Location" = String, description = "Where the booking is.")), description = "The person is booked. A repeat says how the booking stands."), RegistrationProblems),
    security(("pass" = [])),
)]
#[post("/v1/holds/{hold}/bookings")]
pub(crate) async fn book_hold(
    app: Data<App>,
    HoldInPath(hold): HoldInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewBookingOnHold>,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass_of_any_campaign(&request).await?;
    let person = body.0.person.parse(app.bookings.now())?;
    let campaign = pass.campaign.clone();
    let outcome = app.bookings.book_hold(pass, hold, &person, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        BookHoldOutcome::Booked(booked) => app.booked(&campaign, &booked, &person),
        BookHoldOutcome::HoldNotFound => Err(Problem::new(Code::HoldNotFound)),
        BookHoldOutcome::PersonNotOfPass => Err(Problem::new(Code::NotThePersonOfThePass)),
        BookHoldOutcome::HoldEnded => Err(Problem::new(Code::HoldEnded)),
        BookHoldOutcome::AlreadyBooked => Err(Problem::new(Code::AlreadyBooked)),
        BookHoldOutcome::RefusedTooOften => Err(Problem::new(Code::RefusedTooOften)),
        BookHoldOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        BookHoldOutcome::NotEligible => Err(Problem::new(Code::NotEligible)),
        BookHoldOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn registers_each_person_of_a_car() {
        let api = Api::start().await;
        let held = api.hold("c", 2, "k1").send().await;
        let id = held.json["id"].as_str().expect("an id");
        let anna = api.book_hold(id, "Anna", "k2").send().await;
        assert_eq!(anna.status, 201, "{}", anna.json);
        assert_eq!((&anna.json["slot"], &anna.json["status"]), (&json!("c"), &json!("confirmed")));
        assert_eq!(api.book_hold(id, "Anna", "k2").send().await.json, anna.json);
        let twice = api.book_hold(id, "Anna", "k3").send().await;
        assert_eq!((twice.status, twice.code()), (409, "already-booked"));
        let reused = api.book_hold(id, "Berta", "k2").send().await;
        assert_eq!((reused.status, reused.code()), (422, "idempotency-key-reused"));
        let berta = api.book_hold(id, "Berta", "k4").send().await;
        assert_eq!(berta.status, 201);
        assert_ne!(berta.json["manage_token"], anna.json["manage_token"]);
        let full = api.book_hold(id, "Carla", "k5").send().await;
        assert_eq!((full.status, full.code()), (409, "hold-ended"));

        let state = api.get(&format!("/v1/holds/{id}")).bearer(&api.pass).send().await;
        assert_eq!(
            (&state.json["state"], &state.json["seats_booked"]),
            (&json!("booked"), &json!(2))
        );
        let campaign = "rehearsal".parse().expect("a name");
        let report = api.bookings.report(&campaign).await.expect("known");
        assert_eq!(report.departures, [], "two seats of the pass are left");
        for (name, key) in [("Carla", "k6"), ("Dora", "k7")] {
            assert_eq!(api.book_slot("c", name, key).send().await.status, 201);
        }
        let report = api.bookings.report(&campaign).await.expect("known");
        assert_eq!(report.departures.len(), 1, "the pass is used up");
    }

    /// P17: in which order the people of a car are registered matters under a bound pass.
    #[actix_web::test]
    async fn a_bound_pass_is_for_its_person_first() {
        let api = Api::start().await;
        let pass = api.bound_pass("Anna", "Muster", "1970-01-31");
        let held = api.hold("c", 2, "k1").bearer(&pass).send().await;
        let id = held.json["id"].as_str().expect("an id");
        let book = async |name: &str, key: &str| {
            let reply = api.book_hold(id, name, key).bearer(&pass).send().await;
            (reply.status, reply.code().to_owned())
        };
        let refused = (403, "not-the-person-of-the-pass".to_owned());
        assert_eq!(book("Berta", "k2").await, refused);
        assert_eq!(book("Anna", "k3").await.0, 201);
        assert_eq!(book("Berta", "k4").await.0, 201);
    }

    #[actix_web::test]
    async fn a_hold_of_somebody_else_is_not_found() {
        let api = Api::start().await;
        let held = api.hold("c", 1, "k1").send().await;
        let id = held.json["id"].as_str().expect("an id");
        let stranger = api.pass_of("07318000", "rehearsal");
        let reply = api.book_hold(id, "Anna", "k1").bearer(&stranger).send().await;
        assert_eq!((reply.status, reply.code()), (404, "hold-not-found"));
    }
}
