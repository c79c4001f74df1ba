//! GET /v1/bookings/{booking}

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use web::reply;
use web::{Problem, problem_responses};

use crate::app::App;
use crate::citizen::booking::BookingBody;
use crate::refusal::BookingInPath;

problem_responses!(
    /// What looking at a booking can be refused with.
    BookingProblems of BookingInPath:
        ManageTokenInvalid, Overloaded, Unavailable
);

/// Show a booking.
///
/// Only to whoever has its manage token.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath),
    responses((status = 200, body = BookingBody, description = "The booking."), BookingProblems),
    security(("manage_token" = [])),
)]
#[get("/v1/bookings/{booking}")]
pub(crate) async fn show_booking(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let own = app.own_booking(booking, &request).await?;
    let mail = app.mail_of(&own.booking).await;
    Ok(reply::private(StatusCode::OK, &BookingBody { mail, ..own.body() }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::harness::Api;

    #[actix_web::test]
    async fn shows_a_booking_to_who_has_its_token() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let token = booked.json["manage_token"].as_str().expect("a token");
        let path = booked.header("location");
        let shown = api.get(path).bearer(token).send().await;
        assert_eq!(shown.status, 200);
        let mut expected = booked.json.clone();
        expected.as_object_mut().expect("an object").remove("manage_token");
        expected["mail"] = json!({"state": "pending"});
        assert_eq!(shown.json, expected, "the same but for the token and the mail");
        assert_eq!(shown.json["cancelled_at"], Value::Null);

        for (reply, status, code) in [
            (api.get(path).send().await, 401, "manage-token-invalid"),
            (api.get(path).bearer("forged").send().await, 401, "manage-token-invalid"),
            (api.get("/v1/bookings/x").bearer(token).send().await, 404, "booking-not-found"),
            (
                api.get("/v1/bookings/booking_00000000000000000000000000000000")
                    .bearer(token)
                    .send()
                    .await,
                404,
                "booking-not-found",
            ),
        ] {
            assert_eq!((reply.status, reply.code()), (status, code));
        }
    }
}
