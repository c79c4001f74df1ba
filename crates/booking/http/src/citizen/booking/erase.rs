//! POST /v1/bookings/{booking}/erasure

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{BookingId, ErasePersonOutcome};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use super::BookingState;
use crate::app::App;
use crate::authorize::manage_token;
use crate::refusal::BookingInPath;

/// What is kept of an erased booking, by the members that [`super::data`] has. None of it says who it was.
const REMAINS: [&str; 12] = [
    "id",
    "code",
    "campaign",
    "slot",
    "booked_at",
    "cancelled_at",
    "municipality",
    "pass",
    "seat_no",
    "hold",
    "sequence",
    "token_generation",
];

/// A booking of which nobody knows any more whose it was.
#[derive(Serialize, ToSchema)]
struct Erasure {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    id: BookingId,
    #[schema(schema_with = gone)]
    status: BookingState,
    /// Only where the place was given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-15T09:12:08.007Z",
    )]
    cancelled_at: Option<Timestamp>,
    /// What is kept, as far as there is such a thing, by the members of `data`: for the count of the places
    /// and the proof of what was done.
    #[schema(value_type = Vec<String>, max_items = 64)]
    remains: &'static [&'static str],
}

/// The two statuses that an erased booking can have.
fn gone() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["cancelled", "erased"]))
        .build()
}

problem_responses!(
    /// What an erasure can be refused with.
    ErasureProblems of BookingInPath, IdempotencyKey:
        ManageTokenInvalid, RequestInProgress, IdempotencyKeyReused, Overloaded, Unavailable
);

/// Erase whom a booking is for.
///
/// Names, date of birth, e-mail address and telephone number are gone at once (Article 17 GDPR). Before the
/// time of the booking begins its place is given back with that, for nobody could show that it is theirs;
/// afterwards it stays counted.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    responses((status = 200, body = Erasure, description = "The person is erased."), ErasureProblems),
    security(("manage_token" = [])),
)]
#[post("/v1/bookings/{booking}/erasure")]
pub(crate) async fn erase_person(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let outcome = app.bookings.erase_person(booking, token, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        ErasePersonOutcome::Erased(erased) => {
            let status = match erased.cancelled_at {
                Some(_) => BookingState::Cancelled,
                None => BookingState::Erased,
            };
            let (id, cancelled_at) = (erased.booking, erased.cancelled_at);
            let body = Erasure { id, status, cancelled_at, remains: &REMAINS };
            Ok(reply::private(StatusCode::OK, &body))
        }
        ErasePersonOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        ErasePersonOutcome::TokenInvalid => Err(Problem::new(Code::ManageTokenInvalid)),
        ErasePersonOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use booking::contract::scene;
    use serde_json::{Value, json};
    use web::test_client::{Call, Reply};

    use crate::harness::Api;

    fn erase(api: &Api, booked: &Reply, key: &str) -> Call {
        let path = format!("{}/erasure", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        api.request(&Method::POST, &path).bearer(token).header("idempotency-key", key)
    }

    /// What is said to remain is what remains, and nothing in it says who it was.
    async fn assert_forgotten(api: &Api, booked: &Reply, erased: &Reply) {
        let token = booked.json["manage_token"].as_str().expect("a token");
        let path = format!("{}/data", booked.header("location"));
        let stored = api.get(&path).bearer(token).send().await.json;
        let text = stored.to_string();
        for of_person in ["Anna", "Muster", "1970-01-31", "m@example.org", "person"] {
            assert!(!text.contains(of_person), "{of_person}: {text}");
        }
        let said: Vec<&str> = erased.json["remains"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let known = ["as_of", "booking", "site", "starts_at", "ends_at", "status"];
        let members = |value: &Value| -> Vec<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        for member in members(&stored).into_iter().chain(members(&stored["booking"])) {
            let is_said = known.contains(&&*member) || said.contains(&&*member);
            assert!(is_said, "{member} remains");
        }
    }

    #[actix_web::test]
    async fn the_place_is_given_back_and_the_person_forgotten() {
        let api = Api::start().await;
        let booked = api.book_slot("a", "Anna", "k1").send().await;
        let erased = erase(&api, &booked, "e1").send().await;
        assert_eq!((erased.status, &erased.json["status"]), (200, &json!("cancelled")), "{erased}");
        assert_eq!(erased.json["cancelled_at"], "2021-06-14T06:00:00.000Z");
        assert_eq!(erase(&api, &booked, "e1").send().await.json, erased.json, "a repeat");
        assert_eq!(erase(&api, &booked, "e2").send().await.json, erased.json, "erased is erased");
        assert_forgotten(&api, &booked, &erased).await;
        assert_eq!(api.book_slot("a", "Berta", "k2").send().await.status, 201, "one place is free");
        assert_eq!(api.book_slot("a", "Carla", "k3").send().await.code(), "slot-full");
    }

    #[actix_web::test]
    async fn a_place_that_was_used_stays_counted() {
        let api = Api::start().await;
        let booked = api.book_slot("a", "Anna", "k1").send().await;
        api.clock.set(scene::at(518_400));
        api.refreshed().await;
        let erased = erase(&api, &booked, "e1").send().await;
        assert_eq!((erased.status, &erased.json["status"]), (200, &json!("erased")), "{erased}");
        assert_eq!(erased.json.get("cancelled_at"), None);
        assert_forgotten(&api, &booked, &erased).await;
        let token = booked.json["manage_token"].as_str().expect("a token");
        let shown = api.get(booked.header("location")).bearer(token).send().await;
        assert_eq!((shown.status, &shown.json["status"]), (200, &json!("erased")), "{shown}");
        let contact = api.request(&Method::PUT, &format!("{}/contact", booked.header("location")));
        let contact = contact.bearer(token).header("idempotency-key", "c1").json(&json!({}));
        assert_eq!(contact.send().await.code(), "person-erased");
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let nowhere = "/v1/bookings/booking_00000000000000000000000000000000/erasure";
        for (call, status, code) in [
            (erase(&api, &booked, "e1").bearer("forged"), 401, "manage-token-invalid"),
            (erase(&api, &booked, "e1").path(nowhere), 404, "booking-not-found"),
            (
                erase(&api, &booked, "e1").no_header("idempotency-key"),
                400,
                "idempotency-key-missing",
            ),
        ] {
            let reply = call.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{reply}");
        }
        let path = format!("{}/cancellation", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let cancel = api.request(&Method::POST, &path).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "e1").send().await.status, 200);
        assert_eq!(erase(&api, &booked, "e1").send().await.code(), "idempotency-key-reused");
        assert_eq!(erase(&api, &booked, "e2").send().await.json["status"], "cancelled");
    }
}
