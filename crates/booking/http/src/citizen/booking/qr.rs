//! GET /v1/bookings/{booking}/qr.svg

use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking_papers::qr_svg;
use web::reply;
use web::{Problem, problem_responses};

use super::person::preferred_language;
use crate::app::App;
use crate::refusal::BookingInPath;

problem_responses!(
    /// What asking for the QR code can be refused with.
    QrProblems of BookingInPath:
        ManageTokenInvalid, Overloaded, Unavailable
);

/// Get the QR code of a booking.
///
/// A picture (SVG) of the booking code, to be shown at the gate; there is nothing else in it. It has a title
/// and a description, in the language that is preferred, for whoever does not see it.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath),
    responses((status = 200, content_type = "image/svg+xml", description = "The QR code."), QrProblems),
    security(("manage_token" = [])),
)]
#[get("/v1/bookings/{booking}/qr.svg")]
pub(crate) async fn show_qr_code(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let own = app.own_booking(booking, &request).await?;
    let picture = qr_svg(own.booking.registration.code, preferred_language(&request));
    Ok(reply::private_text(HeaderValue::from_static("image/svg+xml"), picture))
}

#[cfg(test)]
mod tests {
    use crate::harness::Api;

    #[actix_web::test]
    async fn shows_the_code_and_nothing_else() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let path = format!("{}/qr.svg", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let code = booked.json["code"].as_str().expect("a code");
        for (language, title) in [("de", "QR-Code der Buchung"), ("en", "QR code of the booking")] {
            let call = api.get(&path).bearer(token).header("accept-language", language);
            let reply = call.send().await;
            assert_eq!((reply.status, reply.header("content-type")), (200, "image/svg+xml"));
            assert_eq!(reply.header("cache-control"), "no-store");
            let text = String::from_utf8(reply.bytes.to_vec()).expect("UTF-8");
            assert!(text.contains(title) && text.contains(code), "{text}");
            assert!(!text.contains(token) && !text.contains("Anna"), "{text}");
        }
        let forged = api.get(&path).bearer("forged").send().await;
        assert_eq!((forged.status, forged.code()), (401, "manage-token-invalid"));
    }
}
