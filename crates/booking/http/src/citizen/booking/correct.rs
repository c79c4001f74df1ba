//! PUT /v1/bookings/{booking}/person

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, put};
use booking::{BookingId, CorrectOutcome};
use serde::Serialize;
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::citizen::booking::{NewPerson, PersonBody, Reading};
use crate::refusal::{self, BookingInPath};

/// A booking and whom it is for now. All else of it is as it was: slot, code and manage token.
#[derive(Serialize, ToSchema)]
struct CorrectedBooking<'a> {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    id: BookingId,
    person: PersonBody<'a>,
}

problem_responses!(
    /// What a correction can be refused with.
    CorrectionProblems of BookingInPath, IdempotencyKey, Body<NewPerson>:
        PassInvalid, NotEligible, NotThePersonOfThePass, AlreadyBooked, AlreadyCancelled,
        RefusedTooOften, DeclarationMissing, RequestInProgress, CampaignClosed, IdempotencyKeyReused, Overloaded,
        Unavailable
);

/// Correct whom a booking is for.
///
/// Under the pass that booked it, and as long as that lives. The place is not given up for it. Naming
/// somebody else is possible only a few times.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    request_body = NewPerson,
    responses((status = 200, body = CorrectedBooking, description = "The booking is for the person."), CorrectionProblems),
    security(("pass" = [])),
)]
#[put("/v1/bookings/{booking}/person")]
pub(crate) async fn correct_person(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewPerson>,
) -> Result<HttpResponse, Problem> {
    let pass = app.pass_of_any_campaign(&request).await?;
    let person = body.0.parse_alone(Reading::of(&request, app.bookings.now()))?;
    let outcome = app.bookings.correct_person(pass, booking, &person, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        CorrectOutcome::Corrected(corrected) => {
            let body =
                CorrectedBooking { id: corrected.booking, person: PersonBody::from(&person) };
            Ok(reply::private(StatusCode::OK, &body))
        }
        CorrectOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        CorrectOutcome::PassExpired => Err(Problem::new(Code::PassInvalid)),
        CorrectOutcome::AlreadyCancelled => Err(Problem::new(Code::AlreadyCancelled)),
        CorrectOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        CorrectOutcome::NotEligible => Err(refusal::not_eligible()),
        CorrectOutcome::Unmet(unmet) => Err(refusal::unmet(unmet)),
        CorrectOutcome::PersonNotOfPass => Err(Problem::new(Code::NotThePersonOfThePass)),
        CorrectOutcome::AlreadyBooked => Err(Problem::new(Code::AlreadyBooked)),
        CorrectOutcome::RefusedTooOften => Err(Problem::new(Code::RefusedTooOften)),
        CorrectOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::Method;
    use booking::contract::scene;
    use serde_json::{Value, json};
    use web::test_client::{Call, Reply};

    use crate::harness::Api;

    fn person(given_name: &str) -> Value {
        json!({
            "given_name": given_name, "family_name": "Muster", "date_of_birth": "1970-01-31",
            "phone": "+49 6232 140",
        })
    }

    fn correct(api: &Api, booked: &Reply, given_name: &str, key: &str) -> Call {
        let path = format!("{}/person", booked.header("location"));
        let call = api.request(&Method::PUT, &path).bearer(&api.pass);
        call.header("idempotency-key", key).json(&person(given_name))
    }

    async fn shown(api: &Api, booked: &Reply) -> Value {
        let token = booked.json["manage_token"].as_str().expect("a token");
        api.get(booked.header("location")).bearer(token).send().await.json
    }

    #[actix_web::test]
    async fn the_booking_is_the_same_for_the_right_person() {
        let api = Api::start().await;
        let booked = api.book_slot("a", "Anan", "k1").send().await;
        let corrected = correct(&api, &booked, "Anna", "c1").send().await;
        let expected = json!({"id": booked.json["id"], "person": person("Anna")});
        assert_eq!((corrected.status, &corrected.json), (200, &expected));
        assert_eq!(correct(&api, &booked, "Anna", "c1").send().await.json, expected, "a repeat");

        let mut now = booked.json.clone();
        let known = now.as_object_mut().expect("an object");
        known.remove("manage_token");
        known.insert("person".to_owned(), person("Anna"));
        known.insert("mail".to_owned(), json!({"state": "none"}));
        assert_eq!(shown(&api, &booked).await, now, "code, slot and the rest are as they were");
        let anna = api.book_slot("c", "ANNA", "k2").send().await;
        assert_eq!((anna.status, anna.code()), (409, "already-booked"));
        assert_eq!(api.book_slot("c", "Anan", "k3").send().await.status, 201);
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let other = api.book_slot("c", "Berta", "k2").send().await;
        let stranger = api.pass_of("07318000", "rehearsal");
        let to = |name: &str, key: &str| correct(&api, &booked, name, key);
        assert_eq!(to("Änne", "c0").send().await.status, 200);
        let token = booked.json["manage_token"].as_str().expect("a token");
        let cases = [
            (to("Carla", "c0"), 422, "idempotency-key-reused"),
            (to("Berta", "c1"), 409, "already-booked"),
            (to("Carla", "c1").bearer(&stranger), 404, "booking-not-found"),
            (to("Carla", "c1").bearer(token), 401, "pass-invalid"),
            (to("Carla", "c1").no_header("idempotency-key"), 400, "idempotency-key-missing"),
        ];
        for (request, status, code) in cases {
            let reply = request.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{}", reply.json);
        }
        let mut nameless = person(" ");
        nameless["date_of_birth"] = json!("1899-01-01");
        let reply = to("x", "c1").json(&nameless).send().await;
        let fields: Vec<_> = reply.json["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|of| &of["field"])
            .collect();
        assert_eq!(
            (reply.status, fields),
            (400, vec![&json!("given_name"), &json!("date_of_birth")])
        );

        let path = format!("{}/cancellation", other.header("location"));
        let token = other.json["manage_token"].as_str().expect("a token");
        let cancel = api.request(&Method::POST, &path).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "x1").send().await.status, 200);
        let reply = correct(&api, &other, "Carla", "c2").send().await;
        assert_eq!((reply.status, reply.code()), (409, "already-cancelled"));
        let names = ["Carla", "Dora", "Emma", "Frieda", "Greta", "Hanna", "Ida", "Jana"];
        let mut codes = Vec::new();
        for name in names {
            codes.push(to(name, name).send().await.code().to_owned());
        }
        assert_eq!(codes.last().map(String::as_str), Some("refused-too-often"), "{codes:?}");
    }

    /// P17: the only booking of a bound pass stays with its person, however that is written.
    #[actix_web::test]
    async fn a_bound_pass_stays_with_its_person() {
        let api = Api::start().await;
        let pass = api.bound_pass("Anna", "Muster", "1970-01-31");
        let booked = api.book_slot("c", "Anna", "k1").bearer(&pass).send().await;
        let to = |name: &str, key: &str| correct(&api, &booked, name, key).bearer(&pass);
        let refused = to("Berta", "c1").send().await;
        assert_eq!((refused.status, refused.code()), (403, "not-the-person-of-the-pass"));
        assert_eq!(to("Änna", "c2").send().await.status, 200);
        assert_eq!(shown(&api, &booked).await["person"]["given_name"], "Änna");
    }

    /// What was answered under a living pass is answered again when it has ended, and nothing new.
    #[actix_web::test]
    async fn an_expired_pass_repeats_and_corrects_nothing() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anan", "k1").send().await;
        let corrected = correct(&api, &booked, "Anna", "c1").send().await;
        api.clock.set(scene::at(0).plus(Duration::from_mins(16)));
        api.refreshed().await;
        let repeated = correct(&api, &booked, "Anna", "c1").send().await;
        assert_eq!((repeated.status, repeated.json), (200, corrected.json));
        let refused = correct(&api, &booked, "Berta", "c2").send().await;
        assert_eq!((refused.status, refused.code()), (401, "pass-invalid"));
    }
}
