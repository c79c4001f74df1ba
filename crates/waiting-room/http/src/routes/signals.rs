//! `POST /v1/rooms/{room}/signals`: the booking service reports.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post};
use kernel::Timestamp;
use metrics::gauge;
use pass::PassId;
use serde::Deserialize;
use utoipa::ToSchema;
use waiting_room::state::PlacesLeft;
use waiting_room::store;
use web::reply;
use web::{Body, Code, Problem, bearer};

use crate::app::App;
use crate::refusal::{self, RoomInPath};

/// How many departures one report may name.
const DEPARTURES_MAX: usize = 1_000;

/// The longest report in bytes: departures are 35 bytes each.
const REPORT_LENGTH_MAX: usize = 64 * 1024;

/// The report of the booking service.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signals {
    /// When the places were counted. A report with an older count than the last one changes no count.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:01.000Z")]
    as_of: Timestamp,
    /// How many places could still be given away.
    #[schema(example = 840)]
    places_left: u32,
    load: Load,
    /// The ids (`jti`) of passes that are not needed any longer.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1_000, example = json!(["00112233445566778899aabbccddeeff"]))]
    departures: Vec<PassId>,
}

/// How busy the booking service is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    /// How many requests wait.
    #[schema(example = 3)]
    queue_depth: u32,
    /// How many may wait.
    #[schema(example = 4_096)]
    queue_depth_max: u32,
}

/// The proof that the booking service sent the request. As a parameter before the body it refuses
/// others before anything of theirs is read.
pub(crate) struct BookingService;

impl FromRequest for BookingService {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request))
    }
}

fn authenticate(request: &HttpRequest) -> Result<BookingService, Problem> {
    let presented = bearer(request, Code::ServiceCredentialInvalid)?;
    let app = request
        .app_data::<Data<App>>()
        .ok_or_else(|| Problem::internal("the state of the API is not registered"))?;
    app.service_credential
        .matches(presented)
        .then_some(BookingService)
        .ok_or_else(|| Problem::new(Code::ServiceCredentialInvalid))
}

web::problem_responses!(
    /// What a report can be refused with.
    SignalProblems:
        InvalidRequest,
        ServiceCredentialInvalid,
        RoomNotFound,
        RequestTimeout,
        BodyTooLarge,
        UnsupportedMediaType,
        Unavailable
);

/// Report places left, load and departures.
///
/// Repeatable: departures that are known already change nothing. Bodies may be up to 64 KiB long here.
#[utoipa::path(
    tag = "services",
    params(RoomInPath),
    request_body = Signals,
    security(("service" = [])),
    responses((status = 204, description = "The report is taken over."), SignalProblems),
)]
#[post("/v1/rooms/{room}/signals")]
pub(crate) async fn take_signals(
    app: Data<App>,
    request: HttpRequest,
    _from: BookingService,
    Body(report): Body<Signals, REPORT_LENGTH_MAX>,
) -> Result<HttpResponse, Problem> {
    let Signals { as_of, places_left, load, departures } = report;
    if departures.len() > DEPARTURES_MAX {
        return Err(Problem::new(Code::InvalidRequest).field(
            "departures",
            "at most 1000 departures in one report",
            "höchstens 1000 Abgänge in einer Meldung",
        ));
    }
    let room = refusal::room(&request);
    let places_left = PlacesLeft { count: places_left, as_of };
    let signals = store::Signals { places_left, departures };
    app.rooms.signal(room, &signals).await.map_err(refusal::problem)?;
    show_load(room, &load);
    Ok(reply::done())
}

/// The load is for the operator's eyes.
fn show_load(room: &str, load: &Load) {
    let Load { queue_depth, queue_depth_max } = *load;
    gauge!("room_booking_queue_depth", "room" => room.to_owned()).set(queue_depth);
    gauge!("room_booking_queue_depth_max", "room" => room.to_owned()).set(queue_depth_max);
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use crate::harness::{CREDENTIAL, Harness, post};

    fn report(body: &str, credential: &str) -> TestRequest {
        post("/v1/rooms/town/signals", body)
            .insert_header(("authorization", format!("Bearer {credential}")))
    }

    fn body(places_left: u32, departures: &[String]) -> String {
        format!(
            r#"{{"as_of":"2021-06-14T08:00:01+02:00","places_left":{places_left},"load":{{"queue_depth":3,"queue_depth_max":64}},"departures":{departures:?}}}"#
        )
    }

    #[actix_web::test]
    async fn places_left_and_departures_are_taken_over() {
        let harness = Harness::start().await;
        let (_, pass) = harness.admitted().await;
        let id = harness.pass_id(&pass);
        let reply = harness.send(report(&body(7, &[id.to_string()]), CREDENTIAL)).await;
        assert_eq!((reply.status, reply.bytes.len()), (204, 0));
        harness.renew().await;
        let state = harness.view().state.clone();
        assert_eq!(state.places_left.map(|left| left.count), Some(7));
        assert_eq!(state.active, 0);
    }

    #[actix_web::test]
    async fn only_the_booking_service_may_report() {
        let harness = Harness::start().await;
        insta::assert_snapshot!(harness.send(report(&body(7, &[]), "guess")).await, @r#"
        401 {
          "code": "service-credential-invalid",
          "detail": "This address is for the booking system. Check that both services are configured with the same credential.",
          "request_id": "<id>",
          "status": 401,
          "title": "The service credential is not accepted",
          "type": "urn:einlass:problem:service-credential-invalid"
        }
        "#);
        let anonymous = post("/v1/rooms/town/signals", "not even JSON");
        let reply = harness.send(anonymous).await;
        assert_eq!(
            (reply.status, &reply.body["code"]),
            (401, &"service-credential-invalid".into())
        );
        harness.renew().await;
        assert_eq!(harness.view().state.places_left, None);
    }

    #[actix_web::test]
    async fn a_thousand_departures_fit_and_more_do_not() {
        let harness = Harness::start().await;
        let ids = |count: u128| (0..count).map(|n| format!("{n:032x}")).collect::<Vec<_>>();
        let full = harness.send(report(&body(7, &ids(1_000)), CREDENTIAL)).await;
        assert_eq!(full.status, 204);
        let over = harness.send(report(&body(7, &ids(1_001)), CREDENTIAL)).await;
        assert_eq!((over.status, &over.body["errors"][0]["field"]), (400, &"departures".into()));
        let broken = harness.send(report(&body(7, &["x".to_owned()]), CREDENTIAL)).await;
        assert_eq!(
            (broken.status, &broken.body["errors"][0]["field"]),
            (400, &"departures[0]".into())
        );
    }

    #[actix_web::test]
    async fn a_report_for_an_unknown_room_or_to_a_store_that_is_down_is_refused() {
        let harness = Harness::start().await;
        let nowhere = report(&body(7, &[]), CREDENTIAL).uri("/v1/rooms/nowhere/signals");
        assert_eq!(harness.send(nowhere).await.body["code"], "room-not-found");
        harness.store.set_down(true);
        let reply = harness.send(report(&body(7, &[]), CREDENTIAL)).await;
        assert_eq!((reply.status, &reply.body["code"]), (503, &"unavailable".into()));
    }
}
