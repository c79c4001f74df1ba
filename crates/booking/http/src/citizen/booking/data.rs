//! GET /v1/bookings/{booking}/data

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::{HoldId, PassId};
use kernel::{Ags, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use web::reply;
use web::{Problem, problem_responses};

use super::BookingBody;
use crate::app::App;
use crate::refusal::BookingInPath;

/// Everything that is stored of a booking and its person.
#[derive(Serialize, ToSchema)]
struct StoredData<'a> {
    /// When it was read.
    #[schema(value_type = String, format = DateTime, example = "2021-06-15T09:12:08.007Z")]
    as_of: Timestamp,
    booking: BookingBody<'a>,
    /// The municipality named at the entrance, by its official key.
    #[schema(value_type = String, example = "07318000")]
    municipality: Ags,
    /// The pass that paid for it.
    #[schema(value_type = String, example = "017a09a9b40070008000000000000001")]
    pass: PassId,
    /// How many bookings the pass had made with this one.
    #[schema(example = 1)]
    seat_no: u8,
    /// The reservation that it was made on, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, example = "hold_017a09a9b40070008000000000000001")]
    hold: Option<HoldId>,
    /// How often it has become another appointment.
    #[schema(example = 0)]
    sequence: u32,
    /// How often its manage token was replaced. Of the token a hash is stored.
    #[schema(example = 0)]
    token_generation: u32,
    /// When somebody who knew the code and the date of birth last asked for the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, format = DateTime, nullable = false,
        example = "2021-06-15T09:12:08.007Z",
    )]
    link_asked_at: Option<Timestamp>,
}

problem_responses!(
    /// What asking for the stored data can be refused with.
    DataProblems of BookingInPath:
        ManageTokenInvalid, Overloaded, Unavailable
);

/// Take out what is stored.
///
/// Everything that is stored of the booking and its person, for a machine to read (Articles 15 and 20 GDPR).
/// Besides, there are keyed hashes of the person and of the request, from which nobody can read either, and
/// events with the id of the booking and the time.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath),
    responses((status = 200, body = StoredData, description = "What is stored."), DataProblems),
    security(("manage_token" = [])),
)]
#[get("/v1/bookings/{booking}/data")]
pub(crate) async fn show_stored_data(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let own = app.own_booking(booking, &request).await?;
    let stored = &own.booking;
    let body = StoredData {
        as_of: app.bookings.now(),
        booking: own.body(),
        municipality: stored.ags,
        pass: stored.pass_id,
        seat_no: stored.seat_no,
        hold: stored.hold,
        sequence: stored.sequence,
        token_generation: stored.token_generation,
        link_asked_at: stored.link_asked_at,
    };
    Ok(reply::private(StatusCode::OK, &body))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::harness::Api;

    #[actix_web::test]
    async fn everything_stored_can_be_taken_out() {
        let api = Api::start().await;
        let held = api.hold("c", 1, "k1").send().await;
        let hold = held.json["id"].as_str().expect("an id");
        let booked = api.book_hold(hold, "Anna", "k2").send().await;
        let token = booked.json["manage_token"].as_str().expect("a token");
        let path = format!("{}/data", booked.header("location"));
        let taken = api.get(&path).bearer(token).send().await;
        let mut booking = booked.json.clone();
        booking.as_object_mut().expect("an object").remove("manage_token");
        let expected = json!({
            "as_of": "2021-06-14T06:00:00.000Z", "booking": booking, "municipality": "07318000",
            "pass": "01010101010101010101010101010101", "seat_no": 1, "hold": hold, "sequence": 0,
            "token_generation": 0,
        });
        assert_eq!((taken.status, &taken.json), (200, &expected));
        assert_eq!(taken.header("cache-control"), "no-store");
        let forged = api.get(&path).bearer("forged").send().await;
        assert_eq!((forged.status, forged.code()), (401, "manage-token-invalid"));
        assert!(!forged.json.to_string().contains("Anna"), "{forged}");
    }
}
