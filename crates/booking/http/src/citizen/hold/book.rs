//! POST /v1/holds/{hold}/bookings

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::BookHoldOutcome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, IdempotencyKey, Mistake, Problem, problem_responses};

use crate::app::App;
use crate::citizen::booking::{NewPerson, NewlyBooked, Reading};
use crate::citizen::hold::group::GroupBody;
use crate::refusal::{self, HoldInPath};

/// Who is to be registered: either one person or several.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"persons": [
    {"given_name": "Erika", "family_name": "Mustermann", "date_of_birth": "1980-02-29"},
    {"given_name": "Max", "family_name": "Mustermann", "date_of_birth": "2012-10-03"},
]}))]
struct NewBookingOnHold {
    #[schema(nullable = false)]
    person: Option<NewPerson>,
    /// All of them or none. Under a pass that is for somebody, that person comes first.
    #[schema(nullable = false, min_items = 1, max_items = 4)]
    persons: Option<Vec<NewPerson>>,
}

/// What was asked for: the booking of one person, or those of several.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum BookedOnHold<'a> {
    One(Box<NewlyBooked<'a>>),
    Several(GroupBody<'a>),
}

/// One person or several, as they were sent.
enum Who {
    One(NewPerson),
    Several(Vec<NewPerson>),
}

impl NewBookingOnHold {
    fn who(self) -> Result<Who, Problem> {
        match (self.person, self.persons) {
            (Some(person), None) => Ok(Who::One(person)),
            (None, Some(persons)) if (1..=PERSONS_MAX).contains(&persons.len()) => {
                Ok(Who::Several(persons))
            }
            (None, Some(persons)) if persons.is_empty() => {
                Err(wrong("persons", Mistake::TooFew(1)))
            }
            (None, Some(_)) => Err(wrong("persons", Mistake::TooMany(PERSONS_MAX as u64))),
            (None, None) => Err(wrong("person", Mistake::Missing)),
            (Some(_), Some(_)) => Err(wrong("person", Mistake::Exclusive)),
        }
    }
}

fn wrong(field: &str, mistake: Mistake) -> Problem {
    Problem::new(Code::InvalidRequest).field(field, mistake)
}

/// A car has so many seats.
const PERSONS_MAX: usize = 4;

problem_responses!(
    /// What a registration can be refused with.
    RegistrationProblems of HoldInPath, IdempotencyKey, Body<NewBookingOnHold>:
        PassInvalid, NotEligible, NotThePersonOfThePass, AlreadyBooked, RefusedTooOften, HoldEnded,
        CampaignClosed, DeclarationMissing, RequestInProgress, IdempotencyKeyReused, Overloaded, Unavailable
);

/// Register people onto a hold.
///
/// One person, or several: all of them or none.
///
/// A refusal of several names the person at whom it failed in `errors`, such as `persons[1]`.
#[utoipa::path(
    tag = "bookings",
    params(HoldInPath, IdempotencyKey),
    request_body = NewBookingOnHold,
    responses((status = 201, body = BookedOnHold, headers(("Location" = String, description = "Where the booking is; of several, their hold.")), description = "Everybody is booked. A repeat says how the bookings stand."), RegistrationProblems),
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
    let reading = Reading::of(&request, app.bookings.now());
    let person = match body.0.who()? {
        Who::One(person) => person.parse(reading)?,
        Who::Several(persons) => {
            let persons = NewPerson::parse_all(persons, reading)?;
            return app.book_group(pass, hold, &persons, &key).await;
        }
    };
    let campaign = pass.campaign.clone();
    let outcome = app.bookings.book_hold(pass, hold, &person, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        BookHoldOutcome::Booked(booked) => {
            let location = format!("/v1/bookings/{}", booked.booking);
            let body = app.newly_booked(&campaign, &booked, &person);
            reply::created(location, &BookedOnHold::One(Box::new(body)))
        }
        BookHoldOutcome::HoldNotFound => Err(Problem::new(Code::HoldNotFound)),
        BookHoldOutcome::PersonNotOfPass => Err(Problem::new(Code::NotThePersonOfThePass)),
        BookHoldOutcome::HoldEnded => Err(Problem::new(Code::HoldEnded)),
        BookHoldOutcome::AlreadyBooked => Err(Problem::new(Code::AlreadyBooked)),
        BookHoldOutcome::RefusedTooOften => Err(Problem::new(Code::RefusedTooOften)),
        BookHoldOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        BookHoldOutcome::NotEligible => Err(refusal::not_eligible()),
        BookHoldOutcome::Unmet(unmet) => Err(refusal::unmet(unmet)),
        BookHoldOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use web::test_client::Reply;

    use crate::harness::{Api, person};

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
    async fn registers_a_whole_car_or_nobody() {
        let api = Api::start().await;
        let held = api.hold("c", 3, "k1").send().await;
        let id = held.json["id"].as_str().expect("an id");
        assert_eq!(api.book_slot("b", "Dora", "k2").send().await.status, 201);
        let fields = |reply: &Reply| {
            let errors = reply.json["errors"].as_array().into_iter().flatten();
            let fields = errors.map(|error| error["field"].as_str().expect("a path").to_owned());
            (reply.status, reply.code().to_owned(), fields.collect::<Vec<_>>())
        };
        let refused =
            |status, code: &str, path: &str| (status, code.to_owned(), vec![path.to_owned()]);
        let cases: [(&[&str], _); 6] = [
            (&["Anna", "Dora"], refused(409, "already-booked", "persons[1]")),
            (&["Anna", "ANNA"], refused(400, "invalid-request", "persons[1]")),
            (&["Anna", "Berta", "Carla", "Emma"], refused(409, "hold-ended", "persons[3]")),
            (&["Anna", "", "Carla"], refused(400, "invalid-request", "persons[1].given_name")),
            (&[], refused(400, "invalid-request", "persons")),
            (&["A", "B", "C", "E", "F"], refused(400, "invalid-request", "persons")),
        ];
        for (names, expected) in cases {
            let reply = api.book_group(id, names, "k3").send().await;
            assert_eq!(fields(&reply), expected, "{names:?}: {}", reply.json);
        }
        let both = json!({"person": person("Anna"), "persons": [person("Berta")]});
        for body in [json!({}), both] {
            let reply = api.book_group(id, &[], "k3").json(&body).send().await;
            assert_eq!(fields(&reply), refused(400, "invalid-request", "person"), "{body}");
        }
        let path = format!("/v1/holds/{id}");
        let state = api.get(&path).bearer(&api.pass).send().await;
        assert_eq!(
            (&state.json["state"], &state.json["seats_booked"]),
            (&json!("active"), &json!(0))
        );

        let names = ["Anna", "Berta", "Carla"];
        let booked = api.book_group(id, &names, "k3").send().await;
        assert_eq!(booked.status, 201, "{}", booked.json);
        let bookings = booked.json["bookings"].as_array().expect("bookings");
        assert_eq!((bookings.len(), booked.header("location")), (3, &*path));
        for (booking, name) in bookings.iter().zip(names) {
            assert_eq!(booking["person"]["given_name"], name);
            let path = format!("/v1/bookings/{}", booking["id"].as_str().expect("an id"));
            let token = booking["manage_token"].as_str().expect("a token of its own");
            let shown = api.get(&path).bearer(token).send().await;
            assert_eq!((shown.status, &shown.json["code"]), (200, &booking["code"]));
        }
        assert_eq!(
            api.book_group(id, &names, "k3").send().await.json,
            booked.json,
            "the same reply"
        );
        for reused in [api.book_group(id, &names[..2], "k3"), api.book_hold(id, "Anna", "k3")] {
            let reused = reused.send().await;
            assert_eq!((reused.status, reused.code()), (422, "idempotency-key-reused"));
        }
        let state = api.get(&path).bearer(&api.pass).send().await;
        assert_eq!(
            (&state.json["state"], &state.json["seats_booked"]),
            (&json!("booked"), &json!(3))
        );
    }

    /// P17: the one whom the pass is for is the first of a car.
    #[actix_web::test]
    async fn a_bound_pass_is_for_the_first_of_a_car() {
        let api = Api::start().await;
        let pass = api.bound_pass("Anna", "Muster", "1970-01-31");
        let held = api.hold("c", 2, "k1").bearer(&pass).send().await;
        let id = held.json["id"].as_str().expect("an id");
        let refused = api.book_group(id, &["Berta", "Anna"], "k2").bearer(&pass).send().await;
        assert_eq!((refused.status, refused.code()), (403, "not-the-person-of-the-pass"));
        assert_eq!(refused.json["errors"][0]["field"], "persons[0]");
        let booked = api.book_group(id, &["Anna", "Berta"], "k2").bearer(&pass).send().await;
        assert_eq!(booked.status, 201, "{}", booked.json);
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
