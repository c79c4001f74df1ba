//! The API on an in-memory store and a clock that the test moves.

mod staff;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::Data;
use arc_swap::ArcSwap;
use kernel::{
    BatcherLimits, Clock as _, ManualClock, Municipality, ResidenceTable, SeededEntropy, Timestamp,
};
use pass::{
    Claims, IdentityKey, IdentityKind, KeySet, PassId, PassMinter, PassVerifier, SignalsCredential,
    SigningKey,
};
use serde_json::Value;
use waiting_room::contract::{START, SwitchedStore, by, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::line::ticket::{Ticket, TicketKeys};
use waiting_room::live::LiveChange;
use waiting_room::memory::digest::Digest;
use waiting_room::service::operator::{self, SetOutcome};
use waiting_room::service::{Limits, Parts as RoomParts, Signing};
use waiting_room::settings::Opening;
use waiting_room::state::{BookingReport, Counts};
use waiting_room::view::RoomView;
use waiting_room::{MemoryRoomStore, RoomId, RoomSettings, RoomStore as _, WaitingRoom};
use web::streams::{StreamLimits, StreamParts};
use web::test_client::{Call, Reply, TestClient};
use web::{Drain, TrustedProxies};

use self::staff::TestStaff;
pub(crate) use self::staff::{token_for, token_of, token_of_new_key};
use crate::{App, FailMode, Guard, Guards, Parts, RateLimits};

pub(crate) const ISSUER: &str = "https://einlass.example";
/// The secret text in the key files of both services.
const CREDENTIAL: &str = "service-credential-of-the-tests";
/// Long before the first gathering: a room that is created later listens to tickets first.
const CREATED_S: i64 = -4_000;
pub(crate) const JOIN_SPEYER: &str = r#"{"residence":{"postcode":"67346"}}"#;

/// What the booking service of this room reports with.
pub(crate) fn credential(room: &str) -> String {
    SignalsCredential::new(CREDENTIAL).derive(&id(room)).to_string()
}

/// The key of the draws of `contract::room_settings`.
pub(crate) fn draw_key() -> DrawKey {
    DrawKey::new(&[1; 32])
}

fn id(room: &str) -> RoomId {
    room.parse().expect("a name")
}

/// The ticket in a reply, as the value of the `Authorization` header.
pub(crate) fn bearer(reply: &Reply) -> String {
    format!("Bearer {}", reply.json["ticket"].as_str().expect("a ticket"))
}

/// Status and body for a snapshot. Tokens, digests and times that are spread or estimated are cut
/// short: their tests are elsewhere.
pub(crate) fn snapshot(reply: &Reply) -> String {
    format!("{} {:#}", reply.status, shown(&reply.json))
}

/// A part of a body for a snapshot, cut short in the same way.
pub(crate) fn shown(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            members
                .into_iter()
                .map(|(name, value)| match name.as_str() {
                    "ticket" | "pass" if value.is_string() => (name.clone(), "<token>".into()),
                    "request_id" => (name.clone(), "<id>".into()),
                    "now" => (name.clone(), "<time>".into()),
                    "subject" => (name.clone(), "<subject>".into()),
                    "commitment" | "secret" | "seed" => (name.clone(), "<digest>".into()),
                    "poll_after_s" | "retry_after_s" | "low" | "high" => {
                        (name.clone(), "<seconds>".into())
                    }
                    _ => (name.clone(), shown(value)),
                })
                .collect()
        }
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

/// Bounds that do not depend on how fast this machine is: nobody is shed, and a store that is back is
/// tried at once.
pub(crate) fn patient(queue_depth_max: usize, batch_max: usize) -> BatcherLimits {
    BatcherLimits {
        wait_max: Duration::from_mins(1),
        probe_after: Some(Duration::ZERO),
        ..BatcherLimits::new(queue_depth_max, batch_max)
    }
}

fn limits(joins: BatcherLimits) -> Limits {
    Limits {
        joins,
        redemptions: patient(1_000, 100),
        renew_every: Duration::from_millis(250),
        polls_per_s_max: 5_000,
    }
}

/// A running API with the rooms `town` and `village`, and with `people` and `mailboxes`, which ask for the
/// person and for the e-mail address.
pub(crate) struct Harness {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<SwitchedStore>,
    pub(crate) app: Data<App>,
    /// Ends the streams.
    pub(crate) drain: Drain,
    staff: TestStaff,
    client: TestClient,
    ticket_keys: TicketKeys,
    verifier: PassVerifier,
}

impl Harness {
    /// A minute before the first opening.
    pub(crate) async fn start() -> Self {
        Self::start_at(-60).await
    }

    /// `s` seconds after the first opening.
    pub(crate) async fn start_at(s: i64) -> Self {
        Self::with(patient(1_000, 100), s).await
    }

    /// A minute before the first opening, with these bounds for joins.
    pub(crate) async fn with_joins(joins: BatcherLimits) -> Self {
        Self::with(joins, -60).await
    }

    /// Ten seconds after the first opening, with views that should be renewed as often as this.
    pub(crate) async fn renewed_every(renew_every: Duration) -> Self {
        let limits = Limits { renew_every, ..limits(patient(1_000, 100)) };
        Self::with_limits(limits, 10).await
    }

    async fn with(joins: BatcherLimits, s: i64) -> Self {
        Self::with_limits(limits(joins), s).await
    }

    async fn with_limits(limits: Limits, s: i64) -> Self {
        let clock = Arc::new(ManualClock::at(after(CREATED_S)));
        let store = Arc::new(SwitchedStore::new(MemoryRoomStore::new(clock.clone())));
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let keys = KeySet::new([key.public_key().clone()]).expect("one key");
        let keys = Arc::new(ArcSwap::from_pointee(keys));
        let ticket_keys = TicketKeys::new(1, &[7; 32]);
        let rooms = Arc::new(WaitingRoom::new(RoomParts {
            store: store.clone(),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(2)),
            signing: Signing::shared(ticket_keys.clone(), PassMinter::new(key, ISSUER)),
            draw_key: draw_key(),
            identity_key: Some(IdentityKey::new(&[3; 32])),
            verifier: PassVerifier::new(ISSUER, keys.clone()),
            limits,
        }));
        let verifier = PassVerifier::new(ISSUER, keys.clone());
        let (staff, drain) = (TestStaff::new(), Drain::new());
        let app = Data::new(App::new(Parts {
            rooms,
            keys,
            signals_credential: SignalsCredential::new(CREDENTIAL),
            staff: staff.verifier(),
            refresh_staff_keys: staff.refresh(),
            limits: RateLimits::off(),
            guards: guards(),
            streams: streams(&drain),
        }));
        let client = client(&app).await;
        let harness = Self { clock, store, app, drain, staff, client, ticket_keys, verifier };
        for (room, identity) in [
            ("town", IdentityKind::None),
            ("village", IdentityKind::None),
            ("people", IdentityKind::Person),
            ("mailboxes", IdentityKind::Email),
        ] {
            harness.create(&RoomSettings { identity, ..settings(room) }).await;
        }
        harness.at(s).await;
        harness
    }

    /// Creates a room, as an operator does.
    pub(crate) async fn create(&self, settings: &RoomSettings) {
        self.app.rooms.create(settings, &by()).await.expect("the store answers");
    }

    /// Begins a new line in `town`, as an operator does after a rehearsal.
    pub(crate) async fn begin_anew(&self, incarnation: u32) {
        let mut settings = RoomSettings { incarnation, ..settings("town") };
        let RoomSettings { room, openings, .. } = &mut settings;
        for (index, opening) in openings.iter_mut().enumerate() {
            let Opening { gathers_from, opens_at, .. } = *opening;
            let line = (&*room, incarnation);
            *opening = Opening::committed(&draw_key(), line, index, gathers_from, opens_at);
        }
        self.create(&settings).await;
        self.renew().await;
        self.app.rooms.discover().await.expect("the store answers");
        self.renew().await;
    }

    /// The same rooms, under the limits that `limits` makes of the clock.
    pub(crate) async fn limited_to(
        self,
        limits: impl FnOnce(Arc<ManualClock>) -> RateLimits,
    ) -> Self {
        let app = Data::new(App::new(Parts {
            rooms: Arc::clone(&self.app.rooms),
            keys: Arc::clone(&self.app.keys),
            signals_credential: SignalsCredential::new(CREDENTIAL),
            staff: self.staff.verifier(),
            refresh_staff_keys: self.staff.refresh(),
            limits: limits(Arc::clone(&self.clock)),
            guards: guards(),
            streams: streams(&self.drain),
        }));
        let client = client(&app).await;
        Self { app, client, ..self }
    }

    /// Moves the clock to `s` seconds after the first opening and renews the views.
    pub(crate) async fn at(&self, s: i64) {
        self.clock.set(after(s));
        self.renew().await;
    }

    /// Renews the views, as the background loop does.
    pub(crate) async fn renew(&self) {
        self.app.rooms.renew().await;
    }

    pub(crate) fn view(&self) -> Arc<RoomView> {
        self.app.rooms.view("town").expect("the room")
    }

    pub(crate) fn request(&self, method: &Method, path: &str) -> Call {
        self.client.request(method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.client.get(path)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Call {
        self.request(&Method::POST, path).text(body)
    }

    pub(crate) async fn join_with(&self, postcode: &str) -> Reply {
        let body = JOIN_SPEYER.replace("67346", postcode);
        self.post("/v1/rooms/town/tickets", &body).send().await
    }

    /// Joins; the value of the `Authorization` header.
    pub(crate) async fn join(&self) -> String {
        let reply = self.join_with("67346").await;
        assert_eq!(reply.status, 201, "{reply}");
        bearer(&reply)
    }

    pub(crate) async fn crowd(&self, people: usize) -> Vec<String> {
        let mut tickets = Vec::with_capacity(people);
        for _ in 0..people {
            tickets.push(self.join().await);
        }
        tickets
    }

    /// Joins an idle room after the opening: the value of the `Authorization` header, and the pass.
    pub(crate) async fn admitted(&self) -> (String, String) {
        self.at(10).await;
        let reply = self.join_with("67346").await;
        let pass = reply.json["pass"]["pass"].as_str().expect("a pass").to_owned();
        self.renew().await;
        (bearer(&reply), pass)
    }

    /// What the ticket in an `Authorization` header says.
    pub(crate) fn ticket(&self, bearer: &str) -> Ticket {
        let text = bearer.strip_prefix("Bearer ").expect("a bearer token");
        self.ticket_keys.verify(text, &id("town")).expect("a valid ticket")
    }

    pub(crate) fn claims(&self, pass: &str) -> Claims {
        let view = self.view();
        let claims = self.verifier.verify(pass, view.settings.campaign(), view.as_of);
        claims.expect("a valid pass")
    }

    pub(crate) fn pass_id(&self, pass: &str) -> PassId {
        self.claims(pass).pass_id
    }

    /// The booking service's report of the places that it counts now.
    pub(crate) async fn report(&self, places_left: u32) {
        let counts = Counts {
            counted_at: self.clock.now(),
            places_left,
            held_passes: 0,
            held_seats: 0,
            queue_depth: 0,
            queue_depth_max: 64,
        };
        let report = BookingReport { counts, departures: Vec::new() };
        self.app.rooms.report("town", report).await.expect("the report is taken over");
    }

    /// A pass is given back elsewhere.
    pub(crate) async fn depart(&self, pass: &str) {
        let digest = Digest::of(&self.view().state.memory);
        let departed = self.store.end_passes(&id("town"), &digest, &[self.pass_id(pass)]).await;
        departed.expect("the store answers");
    }

    /// The operator removes `town`, and this instance finds out.
    pub(crate) async fn remove(&self) {
        assert!(self.store.remove(&id("town"), &by().removed()).await.expect("the store answers"));
        self.renew().await;
        self.app.rooms.discover().await.expect("the store answers");
    }

    /// The operator moves the levers of `town`.
    pub(crate) async fn set(&self, change: LiveChange) {
        let set = operator::set(&*self.store, &id("town"), &change.into(), None, &by()).await;
        assert!(matches!(set, Ok(SetOutcome::Set(_))), "{set:?}");
    }
}

/// `town` guards a shop; `village` one that is open while nobody can decide, as is `nowhere`, which the store
/// does not have; neither it nor `lost` does.
pub(crate) fn guards() -> Guards {
    let guard = |fail| Guard {
        protects: vec!["https://shop.example".into()],
        waiting_page: Some("https://warten.example/town".into()),
        fail,
    };
    let guards = [
        ("town", FailMode::Closed),
        ("village", FailMode::Open),
        ("nowhere", FailMode::Open),
        ("lost", FailMode::Closed),
    ];
    guards.into_iter().map(|(room, fail)| (id(room), guard(fail))).collect()
}

/// Two streams at once.
fn streams(drain: &Drain) -> StreamParts {
    let limits = StreamLimits {
        streams_max: 2,
        per_address_max: 2,
        proxies: TrustedProxies::none(),
        every: Duration::from_millis(1),
    };
    StreamParts { limits, drain: drain.clone(), entropy: Arc::new(SeededEntropy::new(5)) }
}

async fn client(app: &Data<App>) -> TestClient {
    TestClient::start(&crate::openapi(), crate::routes(app.clone())).await
}

/// So many seconds after the first opening.
pub(crate) const fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

pub(crate) fn settings(room: &str) -> RoomSettings {
    let municipality = |postcode: &str, ags: &str, name: &str, eligible| Municipality {
        postcode: postcode.parse().expect("a postcode"),
        ags: ags.parse().expect("an AGS"),
        name: name.to_owned(),
        eligible,
    };
    let residence = ResidenceTable::new(vec![
        municipality("67346", "07318000", "Speyer", true),
        municipality("67373", "07338007", "Dudenhofen", true),
        municipality("67373", "07332999", "Nachbarort", false),
        municipality("67454", "07332025", "Haßloch", false),
    ]);
    RoomSettings { residence, ..room_settings(room) }
}
