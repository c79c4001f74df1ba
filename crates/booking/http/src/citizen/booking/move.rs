//! PUT /v1/bookings/{booking}/slot

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, put};
use booking::campaign::{SiteId, SlotId};
use booking::{BookingId, MoveOutcome, Moved};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::reply;
use web::{Body, Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::manage_token;
use crate::refusal::{self, BookingInPath};

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSlot {
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "boe-fashion-20210620-0700")]
    slot: SlotId,
}

/// A booking in its new slot. All else of it is as it was: who, code and manage token.
#[derive(Serialize, ToSchema)]
struct MovedBooking<'a> {
    #[schema(value_type = String, example = "booking_017a09a9b40070008000000000000001")]
    id: BookingId,
    #[schema(value_type = String, example = "boe-fashion-20210620-0700")]
    slot: &'a SlotId,
    #[schema(value_type = String, example = "boe-fashion")]
    site: &'a SiteId,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T05:00:00.000Z")]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T05:10:00.000Z")]
    ends_at: Timestamp,
}

impl<'a> From<&'a Moved> for MovedBooking<'a> {
    fn from(moved: &'a Moved) -> Self {
        let Moved { booking, slot, site, starts_at, ends_at } = moved;
        Self { id: *booking, slot, site, starts_at: *starts_at, ends_at: *ends_at }
    }
}

problem_responses!(
    /// What moving a booking can be refused with.
    MoveProblems of BookingInPath, IdempotencyKey, Body<NewSlot>:
        ManageTokenInvalid, SlotNotFound, AlreadyCancelled, SlotBegun, SlotFull, RequestInProgress,
        CampaignClosed, IdempotencyKeyReused, Overloaded, Unavailable
);

/// Move a booking to another slot.
///
/// Of its campaign, if that has a place. The place it leaves is free at once. Moving it to the slot it is
/// in changes nothing.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    request_body = NewSlot,
    responses((status = 200, body = MovedBooking, description = "The booking is in the slot."), MoveProblems),
    security(("manage_token" = [])),
)]
#[put("/v1/bookings/{booking}/slot")]
pub(crate) async fn move_booking(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    key: IdempotencyKey,
    request: HttpRequest,
    body: Body<NewSlot>,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let outcome = app.bookings.move_booking(booking, body.0.slot, token, key.as_str()).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        MoveOutcome::Moved(moved) => {
            Ok(reply::private(StatusCode::OK, &MovedBooking::from(&moved)))
        }
        MoveOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        MoveOutcome::TokenInvalid => Err(Problem::new(Code::ManageTokenInvalid)),
        MoveOutcome::AlreadyCancelled => Err(Problem::new(Code::AlreadyCancelled)),
        MoveOutcome::CampaignClosed => Err(Problem::new(Code::CampaignClosed)),
        MoveOutcome::SlotBegun => Err(Problem::new(Code::SlotBegun)),
        MoveOutcome::SlotNotFound => Err(Problem::new(Code::SlotNotFound)),
        MoveOutcome::SlotFull => Err(refusal::slot_full(0)),
        MoveOutcome::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;
    use web::test_client::{Call, Reply};

    use crate::harness::Api;

    fn move_it(api: &Api, booked: &Reply, slot: &str, key: &str) -> Call {
        let path = format!("{}/slot", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let call = api.request(&Method::PUT, &path).bearer(token);
        call.header("idempotency-key", key).json(&json!({"slot": slot}))
    }

    #[actix_web::test]
    async fn the_booking_is_the_same_in_another_slot() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let moved = move_it(&api, &booked, "a", "m1").send().await;
        let expected = json!({
            "id": booked.json["id"], "slot": "a", "site": "north",
            "starts_at": "2021-06-20T06:00:00.000Z", "ends_at": "2021-06-20T06:10:00.000Z",
        });
        assert_eq!((moved.status, &moved.json), (200, &expected));
        assert_eq!(move_it(&api, &booked, "a", "m1").send().await.json, expected, "a repeat");
        assert_eq!(move_it(&api, &booked, "a", "m2").send().await.json, expected, "no change");

        let token = booked.json["manage_token"].as_str().expect("a token");
        let shown = api.get(booked.header("location")).bearer(token).send().await;
        let mut now = booked.json.clone();
        let known = now.as_object_mut().expect("an object");
        known.remove("manage_token");
        known.extend(expected.as_object().expect("an object").clone());
        known.insert("mail".to_owned(), json!({"state": "pending"}));
        assert_eq!(shown.json, now, "code, person and the rest are as they were");
        assert_eq!(api.book_slot("a", "Berta", "k2").send().await.code(), "slot-full");
    }

    #[actix_web::test]
    async fn refusals_are_problems() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!(api.book_slot("a", "Berta", "k2").send().await.status, 201);
        let to = |slot: &str, key: &str| move_it(&api, &booked, slot, key);
        assert_eq!(to("b", "m0").send().await.status, 200);
        let cases = [
            (to("a", "m0"), 422, "idempotency-key-reused"),
            (to("a", "m1"), 409, "slot-full"),
            (to("x", "m1"), 404, "slot-not-found"),
            (to("a b", "m1"), 400, "invalid-request"),
            (to("c", "m1").bearer("forged"), 401, "manage-token-invalid"),
            (to("c", "m1").bearer(&api.pass), 401, "manage-token-invalid"),
            (to("c", "m1").no_header("idempotency-key"), 400, "idempotency-key-missing"),
        ];
        for (request, status, code) in cases {
            let reply = request.send().await;
            assert_eq!((reply.status, reply.code()), (status, code), "{}", reply.json);
        }
        let path = format!("{}/cancellation", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let cancel = api.request(&Method::POST, &path).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "c1").send().await.status, 200);
        let reply = to("c", "m2").send().await;
        assert_eq!((reply.status, reply.code()), (409, "already-cancelled"));
    }
}
