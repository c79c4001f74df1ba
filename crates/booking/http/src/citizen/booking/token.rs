//! POST /v1/bookings/{booking}/token

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{BookingId, RotateTokenOutcome};
use serde::Serialize;
use utoipa::ToSchema;
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::manage_token;
use crate::refusal::BookingInPath;

/// The token that manages a booking from now on.
#[derive(Serialize, ToSchema)]
struct RenewedToken {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    id: BookingId,
    /// In place of the one before, which is worth nothing any more.
    #[schema(example = "hT0b4TzvSFmTkYqIabhIuNe1tX4YcZdyA9qLr6gWc3o")]
    manage_token: String,
}

problem_responses!(
    /// What asking for another token can be refused with.
    TokenProblems of BookingInPath, IdempotencyKey:
        ManageTokenInvalid, AlreadyCancelled, RequestInProgress, IdempotencyKeyReused, Overloaded,
        Unavailable
);

/// Get another manage token.
///
/// The one that is presented is worth nothing from then on, so that a link which others have seen opens
/// nothing any more. A repeat, with the former token and the same `Idempotency-Key`, gets the same one: so
/// that key has to be random.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    responses((status = 200, body = RenewedToken, description = "The token in force."), TokenProblems),
    security(("manage_token" = [])),
)]
#[post("/v1/bookings/{booking}/token")]
pub(crate) async fn rotate_token(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let outcome = app.bookings.rotate_token(booking, token, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        RotateTokenOutcome::Rotated(rotated) => {
            let manage_token = app.bookings.manage_token(booking, rotated.generation);
            Ok(reply::private(StatusCode::OK, &RenewedToken { id: booking, manage_token }))
        }
        RotateTokenOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        // Another request has taken its place: the token presented is not in force any more.
        RotateTokenOutcome::TokenInvalid | RotateTokenOutcome::Superseded => {
            Err(Problem::new(Code::ManageTokenInvalid))
        }
        RotateTokenOutcome::AlreadyCancelled => Err(Problem::new(Code::AlreadyCancelled)),
        RotateTokenOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;
    use web::test_client::Reply;

    use crate::harness::Api;

    async fn rotate(api: &Api, path: &str, token: &str, key: &str) -> Reply {
        let call = api.request(&Method::POST, &format!("{path}/token")).bearer(token);
        call.header("idempotency-key", key).send().await
    }

    #[actix_web::test]
    async fn the_former_token_is_worth_nothing() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let path = booked.header("location");
        let first = booked.json["manage_token"].as_str().expect("a token");
        let renewed = rotate(&api, path, first, "t1").await;
        let second = renewed.json["manage_token"].as_str().expect("a token");
        let expected = json!({"id": booked.json["id"], "manage_token": second});
        assert_eq!((renewed.status, &renewed.json), (200, &expected));
        assert_eq!((second.len(), second != first), (43, true));
        assert_eq!(rotate(&api, path, first, "t1").await.json, expected, "a repeat");

        let cancel = api.request(&Method::POST, &format!("{path}/cancellation"));
        let slot = api.request(&Method::PUT, &format!("{path}/slot")).json(&json!({"slot": "b"}));
        let contact = api.request(&Method::PUT, &format!("{path}/contact")).json(&json!({}));
        let erase = api.request(&Method::POST, &format!("{path}/erasure"));
        let again = api.request(&Method::POST, &format!("{path}/token"));
        let reads =
            ["", "/calendar.ics", "/qr.svg", "/data"].map(|of| api.get(&format!("{path}{of}")));
        for call in [cancel, slot, contact, erase, again].into_iter().chain(reads) {
            let reply = call.bearer(first).header("idempotency-key", "x1").send().await;
            assert_eq!((reply.status, reply.code()), (401, "manage-token-invalid"), "{reply}");
        }
        assert_eq!(api.get(path).bearer(second).send().await.status, 200);
        let repeat = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!(repeat.json["manage_token"], second, "a repeat says which is in force");

        let third = rotate(&api, path, second, "t2").await;
        assert_eq!(third.status, 200);
        let late = rotate(&api, path, first, "t1").await;
        assert_eq!((late.status, late.code()), (401, "manage-token-invalid"));
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let path = booked.header("location");
        let token = booked.json["manage_token"].as_str().expect("a token");
        let forged = rotate(&api, path, "forged", "t1").await;
        assert_eq!((forged.status, forged.code()), (401, "manage-token-invalid"));
        let nowhere = "/v1/bookings/booking_00000000000000000000000000000000";
        assert_eq!(rotate(&api, nowhere, token, "t1").await.code(), "booking-not-found");
        let cancel = api.request(&Method::POST, &format!("{path}/cancellation")).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "c1").send().await.status, 200);
        let gone = rotate(&api, path, token, "t1").await;
        assert_eq!((gone.status, gone.code()), (409, "already-cancelled"));
        assert_eq!(rotate(&api, path, token, "c1").await.code(), "idempotency-key-reused");
    }
}
