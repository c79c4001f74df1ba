//! POST /v1/bookings/{booking}/cancellation

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{BookingId, CancelOutcome};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::manage_token;
use crate::citizen::booking::BookingState;
use crate::refusal::BookingInPath;

/// A booking that is no more.
#[derive(Serialize, ToSchema)]
struct Cancellation {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    id: BookingId,
    #[schema(schema_with = cancelled)]
    status: BookingState,
    #[schema(value_type = String, format = DateTime, example = "2021-06-15T09:12:08.007Z")]
    cancelled_at: Timestamp,
}

/// The one status that a cancelled booking has.
fn cancelled() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["cancelled"])).build()
}

problem_responses!(
    /// What a cancellation can be refused with.
    CancellationProblems of BookingInPath, IdempotencyKey:
        ManageTokenInvalid, AlreadyCancelled, RequestInProgress, IdempotencyKeyReused, Overloaded,
        Unavailable
);

/// Cancel a booking.
///
/// The place is free for somebody else at once, and who it was is erased.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    responses((status = 200, body = Cancellation, description = "The place is free again."), CancellationProblems),
    security(("manage_token" = [])),
)]
#[post("/v1/bookings/{booking}/cancellation")]
pub(crate) async fn cancel_booking(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let outcome = app.bookings.cancel_booking(booking, token, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        CancelOutcome::Cancelled(cancelled) => {
            let body = Cancellation {
                id: cancelled.booking,
                status: BookingState::Cancelled,
                cancelled_at: cancelled.cancelled_at,
            };
            Ok(reply::private(StatusCode::OK, &body))
        }
        CancelOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        CancelOutcome::TokenInvalid => Err(Problem::new(Code::ManageTokenInvalid)),
        CancelOutcome::AlreadyCancelled => Err(Problem::new(Code::AlreadyCancelled)),
        CancelOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn frees_the_place_once() {
        let api = Api::start().await;
        let booked = api.book_slot("a", "Anna", "k1").send().await;
        let token = booked.json["manage_token"].as_str().expect("a token").to_owned();
        let path = format!("{}/cancellation", booked.header("location"));
        let cancel = |token: &str, key: &str| {
            api.request(&Method::POST, &path).bearer(token).header("idempotency-key", key)
        };
        let forged = cancel("forged", "c1").send().await;
        assert_eq!((forged.status, forged.code()), (401, "manage-token-invalid"));
        let cancelled = cancel(&token, "c1").send().await;
        let expected = json!({
            "id": booked.json["id"], "status": "cancelled", "cancelled_at": "2021-06-14T06:00:00.000Z",
        });
        assert_eq!((cancelled.status, &cancelled.json), (200, &expected));
        assert_eq!(cancel(&token, "c1").send().await.json, expected, "the same reply to a repeat");
        let again = cancel(&token, "c2").send().await;
        assert_eq!((again.status, again.code()), (409, "already-cancelled"));

        let shown = api.get(booked.header("location")).bearer(&token).send().await;
        assert_eq!(shown.json["status"], "cancelled");
        assert_eq!(shown.json["cancelled_at"], "2021-06-14T06:00:00.000Z");
        assert_eq!(shown.json.get("person"), None, "who it was is forgotten");
        let repeated = api.book_slot("a", "Anna", "k1").send().await;
        assert_eq!((repeated.status, &repeated.json["id"]), (201, &booked.json["id"]));
        assert_eq!(repeated.json["status"], "cancelled", "a repeat says how things stand");
        assert_eq!(repeated.json["cancelled_at"], "2021-06-14T06:00:00.000Z");
        assert_eq!(api.book_slot("a", "Berta", "k2").send().await.status, 201, "one place is free");
        assert_eq!(
            api.book_slot("a", "Carla", "k3").send().await.code(),
            "slot-full",
            "and only one"
        );
    }
}
