//! `POST /v1/rooms/{room}/signals`: the booking service reports.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post};
use kernel::Timestamp;
use metrics::gauge;
use pass::PassId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};
use waiting_room::state::{self, Counts};
use web::reply;
use web::{Body, Code, Mistake, Problem, bearer};

use crate::app::App;
use crate::refusal::{self, RoomInPath};

/// How many departures one report may name.
const DEPARTURES_MAX: usize = 1_000;

/// The longest report in bytes: departures are 35 bytes each.
const REPORT_LENGTH_MAX: usize = 64 * 1024;

/// The report of the booking service.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookingReport {
    /// When this was counted, not when it is sent. A count that is older than the last one is ignored; one
    /// from the future counts as made now.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:00:01.000Z")]
    counted_at: Timestamp,
    /// How many places could be given away at once: released, not taken, not held.
    #[schema(format = Int64, maximum = 4_294_967_295_u32, example = 840)]
    places_left: u32,
    /// What is on hold.
    held: Held,
    /// How busy the booking service is.
    load: Load,
    /// The ids (`jti`) of passes that are not needed any longer and have no open hold; may be left out.
    #[serde(default)]
    #[schema(schema_with = departures)]
    departures: Vec<PassId>,
}

/// The list of departures in the document, where each of them is of the form of an id.
fn departures() -> Array {
    let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{32}$"));
    let description = "The ids (`jti`) of passes that are not needed any longer and have no open hold; may be left out.";
    let list = ArrayBuilder::new().items(id).max_items(Some(DEPARTURES_MAX));
    let list = list.examples([json!(["00112233445566778899aabbccddeeff"])]);
    list.description(Some(description)).build()
}

/// What is on hold.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    /// How many passes have an open hold.
    #[schema(format = Int64, maximum = 4_294_967_295_u32, example = 31)]
    passes: u32,
    /// How many seats are on hold.
    #[schema(format = Int64, maximum = 4_294_967_295_u32, example = 58)]
    seats: u32,
}

/// How busy the booking service is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    /// How many requests wait.
    #[schema(format = Int64, maximum = 4_294_967_295_u32, example = 3)]
    queue_depth: u32,
    /// How many may wait.
    #[schema(format = Int64, maximum = 4_294_967_295_u32, example = 4_096)]
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
    // Each room has a credential of its own, so one campaign's booking system cannot sell out another's.
    let campaign = RoomInPath::of(request).name().parse();
    campaign
        .is_ok_and(|campaign| app.signals_credential.accepts(&campaign, presented))
        .then_some(BookingService)
        .ok_or_else(|| Problem::new(Code::ServiceCredentialInvalid))
}

web::problem_responses!(
    /// What a report can be refused with.
    SignalProblems of RoomInPath, Body<BookingReport, REPORT_LENGTH_MAX>:
        ServiceCredentialInvalid, Overloaded, Unavailable
);

/// Report places left, holds, load and departures.
///
/// Repeatable: departures that are known already change nothing. Report about once a second: people are let
/// in by these counts, and the status shows none that is older than a minute. Bodies may be up to 64 KiB
/// long here.
#[utoipa::path(
    tag = "services",
    params(RoomInPath),
    request_body = BookingReport,
    security(("service" = [])),
    responses((status = 204, description = "The report is taken over."), SignalProblems),
)]
#[post("/v1/rooms/{room}/signals")]
pub(crate) async fn take_signals(
    app: Data<App>,
    room: RoomInPath,
    _from: BookingService,
    Body(report): Body<BookingReport, REPORT_LENGTH_MAX>,
) -> Result<HttpResponse, Problem> {
    let BookingReport { counted_at, places_left, held, load, departures } = report;
    if departures.len() > DEPARTURES_MAX {
        let mistake = Mistake::TooMany(DEPARTURES_MAX as u64);
        return Err(Problem::new(Code::InvalidRequest).field("departures", mistake));
    }
    let counts = Counts {
        counted_at,
        places_left,
        held_passes: held.passes,
        held_seats: held.seats,
        queue_depth: load.queue_depth,
        queue_depth_max: load.queue_depth_max,
    };
    let report = state::BookingReport { counts, departures };
    app.rooms.report(room.name(), report).await.map_err(refusal::problem)?;
    show_load(room.name(), load);
    Ok(reply::done())
}

/// Shows the operator what the gate goes by.
fn show_load(room: &str, Load { queue_depth, queue_depth_max }: Load) {
    gauge!("room_booking_queue_depth", "room" => room.to_owned()).set(queue_depth);
    gauge!("room_booking_queue_depth_max", "room" => room.to_owned()).set(queue_depth_max);
}

#[cfg(test)]
mod tests;
