//! Traces: one id through both services, and nothing of a person.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer, web};
use campaign_file::CampaignFile;
use einlass::booking_service::BookingService;
use einlass::config::{Config, load};
use einlass::keys::{BookingKeys, NewKeys, WaitingRoomKeys};
use einlass::process::{Process, StopTimes};
use einlass::traces::Traces;
use einlass::waiting_room_service::WaitingRoomService;
use kernel::Clock as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;
use reqwest::Client;
use serde_json::json;
use test_support::{OneSlotCampaign, eventually};

const SOON: Duration = Duration::from_secs(20);
/// A citizen's trace, as a page may begin one, and what must be nowhere in it.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SECRETS: [&str; 4] = ["67346", "geheim", "Bearer", "127.0.0.1"];

/// A span as the collector got it.
#[derive(Clone, Debug)]
struct Told {
    service: String,
    trace: String,
    id: String,
    parent: String,
    name: String,
    /// All that it says, as text.
    whole: String,
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn told(request: &ExportTraceServiceRequest) -> Vec<Told> {
    let mut found = Vec::new();
    for resource in &request.resource_spans {
        let about = resource.resource.as_ref().map(|about| about.attributes.as_slice());
        let is_name = |known: &&KeyValue| known.key == "service.name";
        let name = about.unwrap_or_default().iter().find(is_name);
        let service = text(name.and_then(|name| name.value.as_ref()));
        for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
            found.push(Told {
                service: service.clone(),
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                name: span.name.clone(),
                whole: format!("{span:?}"),
            });
        }
    }
    found
}

/// A collector on a port of this machine.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Told>>>);

impl Collector {
    fn start(&self) -> String {
        let kept = Data::new(self.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(kept.clone()).route("/v1/traces", web::post().to(take))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a port");
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        format!("http://{address}/v1/traces")
    }

    fn spans(&self) -> Vec<Told> {
        self.0.lock().expect("no panic").clone()
    }

    async fn until(&self, what: &str, are_there: impl Fn(&[Told]) -> bool) {
        eventually(what, SOON, async || are_there(&self.spans())).await;
    }
}

async fn take(collector: Data<Collector>, body: Bytes) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP in protobuf");
    collector.0.lock().expect("no panic").extend(told(&request));
    HttpResponse::Ok().finish()
}

/// Both services in this process, without a server beside it; the room is open.
struct Town {
    process: Process,
    room: WaitingRoomService,
    booking: BookingService,
    _folder: tempfile::TempDir,
}

impl Town {
    async fn start(endpoint: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path(), endpoint);
        let traces = Traces::of(&config.traces).expect("a collector");
        let process = Process { traces, ..Process::new(None) };
        let keys = NewKeys::generate(&*process.entropy);
        let opens_at_s = process.clock.now().unix_s() - 60;
        let campaign = OneSlotCampaign {
            id: "town",
            settings: "",
            tables: "[waiting_room]\n[gate]\n",
            gathers_from_s: opens_at_s - 60,
            opens_at_s,
            places: 100,
        };
        let campaigns = [CampaignFile::parse(&campaign.to_toml()).expect("a campaign")];
        let path = Path::new("keys");
        let room_keys = WaitingRoomKeys::parse(&keys.waiting_room, path).expect("keys");
        let room = WaitingRoomService::start(&process, &config, room_keys, &campaigns).await;
        let room = room.expect("a waiting room");
        config.booking.jwks = format!("{}/.well-known/jwks.json", room.url());
        config.booking.signals_url = room.url();
        let booking_keys = BookingKeys::parse(&keys.booking, path).expect("keys");
        let booking = BookingService::start(&process, &config, booking_keys, &campaigns).await;
        Self { process, room, booking: booking.expect("a booking api"), _folder: folder }
    }

    async fn stop(self) {
        let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
        self.booking.stop(&self.process, stop).await;
        self.room.stop(&self.process, stop).await;
    }
}

fn config(folder: &Path, endpoint: &str) -> Config {
    let mut config = load(None, std::iter::empty()).expect("the defaults").config;
    config.waiting_room.listen.set_port(0);
    config.booking.listen.set_port(0);
    (config.waiting_room.workers, config.booking.workers) = (1, 1);
    let database = folder.join("einlass.db");
    config.booking.database_url =
        format!("sqlite://{}", database.display()).parse().expect("an address");
    (config.traces.endpoint, config.traces.recorded_per_mille) = (endpoint.to_owned(), 1_000);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_through_both_services_and_tells_of_nobody() {
    let collector = Collector::default();
    let town = Town::start(&collector.start()).await;
    let client = Client::new();
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let join = client
        .post(format!("{}/v1/rooms/town/tickets?q=geheim", town.room.url()))
        .json(&json!({"residence": {"postcode": "67346"}}));
    let slots = client.get(format!("{}/v1/campaigns/town/slots", town.booking.url()));
    for request in [join, slots] {
        let request = request.bearer_auth("geheim").header("traceparent", &traceparent);
        request.header("tracestate", "town=geheim").send().await.expect("an answer");
    }
    let names = ["POST /v1/rooms/{room}/tickets", "GET /v1/campaigns/{campaign}/slots"];
    collector
        .until("the citizen's trace", |spans| {
            names.iter().all(|name| spans.iter().any(|span| span.name == *name))
        })
        .await;
    let spans = collector.spans();
    let citizens: Vec<&Told> = spans.iter().filter(|span| span.trace == TRACE).collect();
    let mut services: Vec<&str> = citizens.iter().map(|span| span.service.as_str()).collect();
    services.sort_unstable();
    assert_eq!(services, ["booking", "waiting-room"], "{citizens:?}");
    assert!(citizens.iter().all(|span| span.parent == "b7ad6b7169203331"), "{citizens:?}");

    // A report begins in one service and goes on in the other, as does the reading of the keys.
    for (call, answer) in [
        ("report", "POST /v1/rooms/{room}/signals"),
        ("read public keys", "GET /.well-known/jwks.json"),
    ] {
        collector
            .until(call, |spans| {
                let mut calls = spans.iter().filter(|span| span.name == call);
                calls.any(|call| {
                    let goes_on = |span: &Told| {
                        (&span.trace, &span.parent) == (&call.trace, &call.id)
                            && (span.service.as_str(), span.name.as_str())
                                == ("waiting-room", answer)
                    };
                    call.service == "booking" && spans.iter().any(goes_on)
                })
            })
            .await;
    }
    town.stop().await;
    for span in collector.spans() {
        for secret in SECRETS {
            assert!(!span.whole.contains(secret), "P15: {secret} in {span:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_in_nobodys_way() {
    let town = Town::start("http://127.0.0.1:9/v1/traces").await;
    let client = Client::new();
    let status = client.get(format!("{}/v1/rooms/town", town.room.url())).send().await;
    assert_eq!(status.expect("an answer").status(), 200);
    town.stop().await;
}
