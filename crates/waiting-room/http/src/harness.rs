//! The API on an in-memory store and a clock that the test moves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::test::{self, TestRequest};
use actix_web::web::{Bytes, Data};
use arc_swap::ArcSwap;
use kernel::{BatcherLimits, ManualClock, Municipality, ResidenceTable, SeededEntropy, Timestamp};
use pass::{KeySet, PassId, PassMinter, PassVerifier, SigningKey};
use serde_json::Value;
use waiting_room::contract::{START, SwitchedStore, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::state::PlacesLeft;
use waiting_room::store::Signals;
use waiting_room::ticket::TicketKeys;
use waiting_room::view::RoomView;
use waiting_room::waiting_room::{Limits, Parts as RoomParts};
use waiting_room::{MemoryRoomStore, RoomSettings, WaitingRoom};
use web::docs_page::DocsPage;
use web::health::Readiness;
use web::{Drain, Edge};

use crate::{App, Parts, ServiceCredential};

pub(crate) const ISSUER: &str = "https://einlass.example";
pub(crate) const CREDENTIAL: &str = "service-credential-of-the-tests";
pub(crate) const JOIN_SPEYER: &str = r#"{"residence":{"postcode":"67346"}}"#;

pub(crate) fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

pub(crate) fn post(uri: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri(uri)
        .insert_header((CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned())
}

/// One answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    /// The body as JSON; null if it is none.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Status and body for a snapshot. Tokens are cut short: their tests are elsewhere.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = serde_json::to_string_pretty(&shown(&self.body)).map_err(|_| fmt::Error)?;
        write!(f, "{} {body}", self.status)
    }
}

fn shown(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            members
                .into_iter()
                .map(|(name, value)| match name.as_str() {
                    "ticket" | "pass" if value.is_string() => (name.clone(), "<token>".into()),
                    "request_id" => (name.clone(), "<id>".into()),
                    _ => (name.clone(), shown(value)),
                })
                .collect()
        }
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

/// A running API with the rooms `town` and `village`.
pub(crate) struct Harness {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<SwitchedStore>,
    pub(crate) app: Data<App>,
    verifier: PassVerifier,
}

impl Harness {
    /// A minute before the first opening.
    pub(crate) async fn start() -> Self {
        Self::start_at(-60).await
    }

    /// `s` seconds after the first opening.
    pub(crate) async fn start_at(s: i64) -> Self {
        Self::with(BatcherLimits { queue_depth_max: 1_000, batch_max: 100 }, s).await
    }

    /// A minute before the first opening, with these bounds for joins.
    pub(crate) async fn with_joins(joins: BatcherLimits) -> Self {
        Self::with(joins, -60).await
    }

    async fn with(joins: BatcherLimits, s: i64) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_s(START.unix_s() + s)));
        let store = Arc::new(SwitchedStore::new(MemoryRoomStore::new(clock.clone())));
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let keys = KeySet::new([key.public_key().clone()]).expect("one key");
        let keys = Arc::new(ArcSwap::from_pointee(keys));
        let rooms = Arc::new(WaitingRoom::new(RoomParts {
            store: store.clone(),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(2)),
            ticket_keys: TicketKeys::new(1, &[7; 32]),
            draw_key: DrawKey::new(&[1; 32]),
            minter: PassMinter::new(key, ISSUER),
            verifier: PassVerifier::new(ISSUER, keys.clone()),
            limits: Limits {
                joins,
                redemptions: BatcherLimits { queue_depth_max: 1_000, batch_max: 100 },
                renew_every: Duration::from_millis(250),
            },
        }));
        for room in ["town", "village"] {
            rooms.create(&settings(room)).await.expect("a new room");
        }
        let verifier = PassVerifier::new(ISSUER, keys.clone());
        let service_credential = ServiceCredential::new(CREDENTIAL);
        let app = Data::new(App::new(Parts { rooms, keys, service_credential }));
        Self { clock, store, app, verifier }
    }

    /// Moves the clock to `s` seconds after the first opening and renews the views.
    pub(crate) async fn at(&self, s: i64) {
        self.clock.set(Timestamp::from_unix_s(START.unix_s() + s));
        self.renew().await;
    }

    /// Renews the views, as the background loop does.
    pub(crate) async fn renew(&self) {
        self.app.rooms.renew().await;
    }

    pub(crate) fn view(&self) -> Arc<RoomView> {
        self.app.rooms.view("town").expect("the room")
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Reply {
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(3)));
        let app = actix_web::App::new()
            .configure(crate::routes(self.app.clone()))
            .configure(web::health::routes(Data::new(Readiness::new(Drain::new()))))
            .configure(
                DocsPage::new(&crate::openapi()).expect("the document can be written").routes(),
            )
            .configure(web::fallback::problems(&crate::openapi()))
            .wrap(edge);
        let app = test::init_service(app).await;
        let response = test::call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = test::read_body(response).await;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Reply { status, headers, bytes, body }
    }

    pub(crate) async fn join_with(&self, postcode: &str) -> Reply {
        let body = JOIN_SPEYER.replace("67346", postcode);
        self.send(post("/v1/rooms/town/tickets", &body)).await
    }

    /// Joins; the value of the `Authorization` header.
    pub(crate) async fn join(&self) -> String {
        let reply = self.join_with("67346").await;
        assert_eq!(reply.status, 201, "{reply}");
        format!("Bearer {}", reply.body["ticket"].as_str().expect("a ticket"))
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
        let text = |value: &Value| value.as_str().expect("a token").to_owned();
        self.renew().await;
        (format!("Bearer {}", text(&reply.body["ticket"])), text(&reply.body["pass"]["pass"]))
    }

    pub(crate) fn pass_id(&self, pass: &str) -> PassId {
        let view = self.view();
        let claims = self.verifier.verify(pass, view.settings.campaign(), view.as_of);
        claims.expect("a valid pass").pass_id
    }

    /// The booking service's report of places left.
    pub(crate) async fn report(&self, count: u32) {
        let places_left = PlacesLeft { count, as_of: self.view().as_of };
        let signals = Signals { places_left, departures: Vec::new() };
        self.app.rooms.signal("town", &signals).await.expect("the report is taken over");
    }
}

fn settings(room: &str) -> RoomSettings {
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
