//! POST /v1/bookings/{booking}/car

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use booking::{CarId, OpenCarOutcome};
use serde::Serialize;
use utoipa::ToSchema;
use web::reply;
use web::{Code, IdempotencyKey, Problem, problem_responses};

use crate::app::App;
use crate::authorize::manage_token;
use crate::refusal::BookingInPath;

/// A car that others may come in.
#[derive(Serialize, ToSchema)]
struct OpenedCar {
    /// Whoever knows it may come in the car, as `car` of a booking or a hold.
    #[schema(value_type = String, example = "car_5f0c9a41d27e4b83b6d0f2a91c7e3d58")]
    car_code: CarId,
    /// So many.
    #[schema(minimum = 0, maximum = 3)]
    seats_left: u8,
}

problem_responses!(
    /// What letting others come can be refused with.
    CarProblems of BookingInPath, IdempotencyKey:
        ManageTokenInvalid, AlreadyCancelled, SlotBegun, RequestInProgress, Overloaded, Unavailable
);

/// Let others come in the same car.
///
/// People who queued by themselves, up to four in all, as long as the slot has room. Only who is in the car by
/// its code is counted, not who was booked on the same hold. Asking again gives the same code.
#[utoipa::path(
    tag = "bookings",
    params(BookingInPath, IdempotencyKey),
    responses((status = 200, body = OpenedCar, description = "The code to pass on."), CarProblems),
    security(("manage_token" = [])),
)]
#[post("/v1/bookings/{booking}/car")]
pub(crate) async fn open_car(
    app: Data<App>,
    BookingInPath(booking): BookingInPath,
    // One car, however often it is opened: the key is asked for as everywhere, and not needed.
    _key: IdempotencyKey,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = manage_token(&request)?;
    let outcome = app.bookings.open_car(booking, token).await;
    match outcome.map_err(|failure| app.problem(failure))? {
        OpenCarOutcome::Open { car, seats_left } => {
            Ok(reply::private(StatusCode::OK, &OpenedCar { car_code: car, seats_left }))
        }
        OpenCarOutcome::BookingNotFound => Err(Problem::new(Code::BookingNotFound)),
        OpenCarOutcome::TokenInvalid => Err(Problem::new(Code::ManageTokenInvalid)),
        OpenCarOutcome::AlreadyCancelled => Err(Problem::new(Code::AlreadyCancelled)),
        OpenCarOutcome::SlotBegun => Err(Problem::new(Code::SlotBegun)),
        OpenCarOutcome::Outdated => Err(app.try_again(Code::RequestInProgress)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::{Value, json};
    use web::test_client::{Call, Reply};

    use crate::harness::{Api, person};

    async fn open(api: &Api, booked: &Reply) -> Reply {
        let path = format!("{}/car", booked.header("location"));
        let token = booked.json["manage_token"].as_str().expect("a token");
        let call = api.request(&Method::POST, &path).bearer(token);
        call.header("idempotency-key", "o1").send().await
    }

    /// Somebody who queued by themselves.
    fn come_along(api: &Api, name: &str, slot: &str, car: &Value) -> Call {
        let body = json!({"slot": slot, "car": car, "person": person(name)});
        let pass = api.pass_of("07318000", "rehearsal");
        api.book_slot(slot, name, &format!("k-{name}")).bearer(&pass).json(&body)
    }

    #[actix_web::test]
    async fn four_who_queued_separately_come_together() {
        let api = Api::start().await;
        let first = api.book_slot("c", "Anna", "k1").send().await;
        assert_eq!(first.json.get("car"), None);
        let opened = open(&api, &first).await;
        assert_eq!((opened.status, &opened.json["seats_left"]), (200, &json!(3)), "{opened}");
        let code = opened.json["car_code"].clone();
        assert_eq!(open(&api, &first).await.json, opened.json, "the same code");
        for name in ["Berta", "Carla"] {
            let reply = come_along(&api, name, "c", &code).send().await;
            assert_eq!((reply.status, &reply.json["car"]), (201, &code), "{reply}");
        }
        let pass = api.pass_of("07318000", "rehearsal");
        let hold = |seats: u8| {
            let body = json!({"slot": "c", "seats": seats, "car": code});
            api.hold("c", seats, &format!("h{seats}")).bearer(&pass).json(&body)
        };
        let too_many = hold(2).send().await;
        assert_eq!((too_many.status, too_many.code()), (409, "car-full"));
        assert_eq!(too_many.json["seats_left"], 1);
        let held = hold(1).send().await;
        let held = held.json["id"].as_str().expect("an id").to_owned();
        let fourth = api.book_hold(&held, "Dora", "k4").bearer(&pass).send().await;
        assert_eq!((fourth.status, &fourth.json["car"]), (201, &code), "{fourth}");
        let fifth = come_along(&api, "Else", "c", &code).send().await;
        assert_eq!((fifth.status, fifth.code()), (409, "car-full"));
        assert_eq!(fifth.json["seats_left"], 0);
        assert_eq!(open(&api, &first).await.json["seats_left"], 0);
        let token = first.json["manage_token"].as_str().expect("a token");
        let shown = api.get(first.header("location")).bearer(token).send().await;
        assert_eq!(shown.json["car"], code);
    }

    #[actix_web::test]
    async fn refusals_say_what_to_do() {
        let api = Api::start().await;
        let first = api.book_slot("c", "Anna", "k1").send().await;
        let code = open(&api, &first).await.json["car_code"].clone();
        let elsewhere = come_along(&api, "Berta", "b", &code).send().await;
        assert_eq!((elsewhere.status, elsewhere.code()), (409, "car-at-another-time"));
        assert_eq!(elsewhere.json["slot"], "c", "where it comes");
        let unknown = json!("car_00000000000000000000000000000000");
        let unknown = come_along(&api, "Berta", "c", &unknown).send().await;
        assert_eq!((unknown.status, unknown.code()), (404, "car-not-found"));
        let wrong = come_along(&api, "Berta", "c", &json!("our car")).send().await;
        assert_eq!((wrong.status, wrong.fields()), (400, vec!["car"]), "{wrong}");
        let path = format!("{}/car", first.header("location"));
        let forged = api.request(&Method::POST, &path).bearer("forged");
        let forged = forged.header("idempotency-key", "o1").send().await;
        assert_eq!((forged.status, forged.code()), (401, "manage-token-invalid"));
        let token = first.json["manage_token"].as_str().expect("a token");
        let cancel = format!("{}/cancellation", first.header("location"));
        let cancel = api.request(&Method::POST, &cancel).bearer(token);
        assert_eq!(cancel.header("idempotency-key", "c1").send().await.status, 200);
        assert_eq!(open(&api, &first).await.code(), "already-cancelled");
        let gone = come_along(&api, "Berta", "c", &code).send().await;
        assert_eq!(gone.code(), "car-not-found", "nobody comes in it");
    }
}
