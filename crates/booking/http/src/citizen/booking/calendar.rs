//! GET /v1/bookings/{booking}/calendar.ics

use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use booking::BookingStatus;
use booking_papers::{CalendarEntry, calendar};
use web::reply;
use web::{Problem, problem_responses};

use super::person::preferred_language;
use crate::app::App;
use crate::refusal::BookingInPath;

problem_responses!(
    /// What asking for the calendar entry can be refused with.
    CalendarProblems of BookingInPath:
        ManageTokenInvalid, Overloaded, Unavailable
);

/// Get the calendar entry of a booking.
///
/// iCalendar (RFC 5545) in the language that is preferred. Opened again after a move it changes the
/// appointment that is there, and after a cancellation it takes it out (`METHOD:CANCEL`). It says nothing
/// of who is booked, and does not hold the token.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath),
    responses((status = 200, content_type = "text/calendar", description = "The calendar entry."), CalendarProblems),
    security(("manage_token" = [])),
)]
#[get("/v1/bookings/{booking}/calendar.ics")]
pub(crate) async fn show_calendar_entry(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let own = app.own_booking(booking, &request).await?;
    let entry = CalendarEntry {
        booking,
        code: own.booking.registration.code,
        sequence: own.booking.sequence,
        cancelled: own.booking.status != BookingStatus::Confirmed,
        campaign: &own.campaign,
        slot: own.slot(),
        parties: None,
        language: preferred_language(&request),
    };
    let text = calendar(&entry, app.bookings.now());
    let media_type = format!("text/calendar; charset=utf-8; method={}", entry.method());
    let media_type = HeaderValue::try_from(media_type).map_err(Problem::internal)?;
    let mut response = reply::private_text(media_type, text);
    let name = format!("attachment; filename=\"{}.ics\"", entry.code);
    let name = HeaderValue::try_from(name).map_err(Problem::internal)?;
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;
    use web::test_client::Reply;

    use crate::harness::Api;

    async fn entry(api: &Api, booked: &Reply) -> String {
        let path = format!("{}/calendar.ics", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let reply = api.get(&path).bearer(token).header("accept-language", "de").send().await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"));
        let name = format!(
            "attachment; filename=\"{}.ics\"",
            booked.json["code"].as_str().expect("a code")
        );
        assert_eq!(reply.header("content-disposition"), name);
        let text = String::from_utf8(reply.bytes.to_vec()).expect("UTF-8");
        let method = text.lines().find_map(|line| line.strip_prefix("METHOD:")).expect("a method");
        let media_type = format!("text/calendar; charset=utf-8; method={method}");
        assert_eq!(reply.header("content-type"), media_type);
        text
    }

    #[track_caller]
    fn has(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} is not in\n{text}");
        }
    }

    /// One appointment from the booking to its cancellation: the same id, and a number that rises.
    #[actix_web::test]
    async fn a_calendar_follows_the_booking() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let uid = format!("UID:{}", booked.json["id"].as_str().expect("an id"));
        let first = entry(&api, &booked).await;
        has(&first, &["METHOD:PUBLISH", &uid, "SEQUENCE:0", "STATUS:CONFIRMED"]);
        has(&first, &["DTSTART;TZID=Europe/Berlin:20210620T090000", "DTSTAMP:20210614T060000Z"]);
        assert!(!first.contains("Anna") && !first.contains("Muster"), "{first}");
        let token = booked.json["manage_token"].as_str().expect("a token");
        assert!(!first.contains(token), "calendars are shared");

        let move_it = api.request(&Method::PUT, &format!("{}/slot", booked.header("location")));
        let move_it = move_it.bearer(token).header("idempotency-key", "m1");
        assert_eq!(move_it.json(&json!({"slot": "b"})).send().await.status, 200);
        let moved = entry(&api, &booked).await;
        has(&moved, &["METHOD:PUBLISH", &uid, "SEQUENCE:1", "STATUS:CONFIRMED"]);
        has(&moved, &["DTSTART;TZID=Europe/Berlin:20210620T080000"]);

        let path = format!("{}/cancellation", booked.header("location"));
        let cancel = api.request(&Method::POST, &path).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "c1").send().await.status, 200);
        let cancelled = entry(&api, &booked).await;
        has(&cancelled, &["METHOD:CANCEL", &uid, "SEQUENCE:2", "STATUS:CANCELLED"]);
        has(&cancelled, &["SUMMARY;LANGUAGE=de:Abgesagt: Probelauf"]);
    }

    #[actix_web::test]
    async fn it_is_for_who_has_the_token() {
        let api = Api::start().await;
        let booked = api.book_slot("c", "Anna", "k1").send().await;
        let path = format!("{}/calendar.ics", booked.header("location"));
        for call in [api.get(&path), api.get(&path).bearer("forged")] {
            let reply = call.send().await;
            assert_eq!((reply.status, reply.code()), (401, "manage-token-invalid"));
        }
        let unknown = api.get("/v1/bookings/booking_00000000000000000000000000000000/calendar.ics");
        assert_eq!(unknown.bearer("forged").send().await.code(), "booking-not-found");
    }
}
