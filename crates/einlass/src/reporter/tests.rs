//! Reports to a room of the tests, which writes down what it is told.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::{Data, Json, Path};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use booking::contract::scene;
use booking::{
    BookingSecrets, BookingStore, BookingsLimits, BookingsTasks, CampaignPlan, MemoryStore,
};
use kernel::{ManualClock, SeededEntropy, SyncedClock};
use pass::{Claims, KeySet, PassId, PassMinter, SigningKey};
use serde_json::Value;
use tokio::sync::mpsc;

use super::*;
use crate::booking_service::BookingService;
use crate::config::load;
use crate::keys::{BookingKeys, NewKeys};
use crate::process::{Process, StopTimes};

const SOON: Duration = Duration::from_secs(20);

/// One report: campaign, bearer token, body.
type Received = (String, String, Value);

struct Room {
    url: String,
    received: mpsc::UnboundedReceiver<Received>,
}

/// Answers every report but those of the campaign `slow`, which it keeps waiting for ever.
async fn receive(
    request: HttpRequest,
    campaign: Path<String>,
    body: Json<Value>,
    sender: Data<mpsc::UnboundedSender<Received>>,
) -> HttpResponse {
    let header = request.headers().get("authorization").expect("a credential");
    let token = header.to_str().expect("text").to_owned();
    let campaign = campaign.into_inner();
    let is_slow = campaign == "slow";
    sender.send((campaign, token, body.into_inner())).ok();
    if is_slow {
        std::future::pending::<()>().await;
    }
    HttpResponse::NoContent().finish()
}

fn room() -> Room {
    let (sender, received) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(sender.clone()))
            .route("/v1/rooms/{campaign}/signals", web::post().to(receive))
    });
    let server = server.workers(1).disable_signals().listen(listener).expect("listens");
    tokio::spawn(server.run());
    Room { url, received }
}

impl Room {
    async fn next(&mut self) -> Received {
        let received = tokio::time::timeout(SOON, self.received.recv()).await;
        received.expect("a report comes soon").expect("the room lives")
    }

    async fn departures_of_two_reports(&mut self) -> usize {
        let mut departed = 0;
        for _ in 0..2 {
            departed += self.next().await.2["departures"].as_array().expect("a list").len();
        }
        departed
    }
}

async fn bookings(campaigns: &[&str]) -> (Arc<Bookings>, BookingsTasks) {
    let clock = Arc::new(ManualClock::at(scene::at(0)));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    for name in campaigns {
        let campaign = booking::Campaign { id: scene::slot(name), ..scene::campaign() };
        let plan = CampaignPlan::new(campaign).expect("a plan");
        store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
    }
    let (bookings, tasks) = Bookings::start(
        store,
        Arc::new(SyncedClock::new(clock)),
        Arc::new(SeededEntropy::new(1)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        BookingsLimits::default(),
    );
    while bookings.view().generation == 0 {
        tokio::task::yield_now().await;
    }
    (bookings, tasks)
}

fn reporter(bookings: &Arc<Bookings>, room: &Room) -> Reporter {
    let credential = SignalsCredential::new("a shared secret");
    Reporter::new(Arc::clone(bookings), &room.url, credential).expect("a reporter")
}

#[tokio::test]
async fn a_slow_room_delays_no_other_one() {
    let mut room = room();
    let (bookings, _tasks) = bookings(&["a", "slow", "z"]).await;
    let reporting = Reporting::start(reporter(&bookings, &room), Duration::from_millis(1));
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    while counts.get("a").copied().unwrap_or_default() < 20
        || counts.get("z").copied().unwrap_or_default() < 20
    {
        let (campaign, token, body) = room.next().await;
        let credential = SignalsCredential::new("a shared secret");
        let expected = credential.derive(&campaign.parse().expect("a name"));
        assert_eq!(token, format!("Bearer {}", *expected), "each room has its own credential");
        let load = serde_json::json!({"queue_depth": 0, "queue_depth_max": 4_096});
        let report = serde_json::json!({
            "counted_at": "2021-06-14T06:00:00.000Z", "places_left": 33,
            "held": {"passes": 0, "seats": 0}, "load": load, "departures": [],
        });
        assert_eq!(body, report);
        *counts.entry(campaign).or_default() += 1;
    }
    assert_eq!(counts.get("slow"), Some(&1), "one report of a campaign at a time");
    drop(reporting);
}

/// P19: the passes that were given back last are reported before the service ends.
#[tokio::test]
async fn the_last_departures_are_reported_before_the_end() {
    let mut room = room();
    let (bookings, tasks) = bookings(&["rehearsal"]).await;
    // The first round comes at once; the next one would come long after the end.
    let reporting = Reporting::start(reporter(&bookings, &room), Duration::from_hours(1));
    assert_eq!(room.next().await.2["departures"], serde_json::json!([]));
    let passes = (0..1_500).map(|number| scene::grant(number, 4, scene::at(0)));
    for pass in passes {
        bookings.end_pass(pass).await.expect("answers");
    }
    bookings.shut_down();
    tasks.finished().await;
    reporting.finish().await;
    assert_eq!(room.departures_of_two_reports().await, 1_500);
}

/// A rush books faster than one report a round can tell.
#[tokio::test]
async fn more_departures_than_one_report_tells_follow_at_once() {
    let mut room = room();
    let (bookings, _tasks) = bookings(&["rehearsal"]).await;
    for pass in (0..1_500).map(|number| scene::grant(number, 4, scene::at(0))) {
        bookings.end_pass(pass).await.expect("answers");
    }
    let _reporting = Reporting::start(reporter(&bookings, &room), Duration::from_hours(1));
    assert_eq!(room.departures_of_two_reports().await, 1_500);
}

#[tokio::test]
async fn a_room_that_is_gone_does_not_keep_the_service() {
    let room = room();
    let (bookings, _tasks) = bookings(&["rehearsal"]).await;
    let nowhere = Room { url: "http://127.0.0.1:9".to_owned(), received: room.received };
    let reporting = Reporting::start(reporter(&bookings, &nowhere), Duration::from_hours(1));
    let pass = scene::grant(1, 4, scene::at(0));
    bookings.end_pass(pass.clone()).await.expect("answers");
    tokio::time::timeout(SOON, reporting.finish()).await.expect("ends");
}

#[tokio::test]
async fn a_failure_is_said_once() {
    let mut rounds = Rounds::default();
    let campaign = scene::slot("a");
    let mut said = Vec::new();
    let (arrived, nothing) = (Ok(Reported::Arrived), Ok(Reported::Nothing));
    for result in [arrived, Err(()), Err(()), nothing, Err(()), arrived, nothing, arrived, Err(())]
    {
        rounds.begin([&campaign].into_iter());
        rounds.begin([&campaign].into_iter());
        let next = rounds.next().expect("due");
        assert_eq!(rounds.next(), None, "due once");
        let id = tokio::spawn(std::future::ready(())).id();
        rounds.started(id, next);
        rounds.begin([&campaign].into_iter());
        assert_eq!(rounds.next(), None, "not while it is on its way");
        said.push(rounds.ended(id, &result).map(|(_, told)| told));
    }
    let (fails, works) = (Some(Told::Fails), Some(Told::Works));
    assert_eq!(said, [None, fails, None, None, None, works, None, None, fails]);
}

/// P16, P19: a booking API that is asked to stop tells of the passes given back until then.
#[tokio::test]
async fn a_service_that_stops_reports_its_departures() {
    const SPEYER: &str = include_str!("../../../../deploy/campaigns/speyer-2021-06-20.toml");
    let mut room = room();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let process = Process::new(None);
    let key = SigningKey::generate(&SeededEntropy::new(1));
    let published = KeySet::new([key.public_key().clone()]).expect("one key");
    std::fs::write(file("jwks.json"), published.to_jwks()).expect("written");
    let mut config = load(None, std::iter::empty()).expect("the defaults").config;
    config.booking.listen.set_port(0);
    config.booking.workers = 1;
    config.booking.database_url =
        format!("sqlite://{}", file("booking.db")).parse().expect("an address");
    config.booking.jwks = file("jwks.json");
    config.booking.signals_url = room.url.clone();
    config.booking.signals_every_ms = 3_600_000;
    let keys = BookingKeys::parse(&NewKeys::generate(&*process.entropy).booking, "keys".as_ref());
    let campaign = campaign_file::CampaignFile::parse(SPEYER).expect("a campaign");
    let campaigns = [campaign.reschedule(process.clock.now(), Duration::from_secs(1))];
    let keys = keys.expect("keys");
    let service = BookingService::start(&process, &config, keys, &campaigns).await.expect("starts");
    let issued_at = process.clock.now();
    let pass = PassMinter::new(key, "einlass").mint(&Claims {
        issuer: "einlass".to_owned(),
        campaign: campaign.id.clone(),
        pass_id: PassId::from_bytes([7; 16]),
        issued_at,
        expires_at: issued_at.plus(Duration::from_mins(15)),
        ags: "07318000".parse().expect("a municipality key"),
        seats: 4,
        binding: None,
    });
    let url = format!("{}/v1/campaigns/{}/passes/current", service.url(), campaign.id);
    let left = reqwest::Client::new().delete(url).bearer_auth(pass).send().await.expect("answers");
    assert_eq!(left.status(), 204);
    let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
    service.stop(&process, stop).await;
    let (reported, _, body) = room.next().await;
    assert_eq!(reported, campaign.id.as_str());
    assert_eq!(body["departures"], serde_json::json!(["07".repeat(16)]));
}
