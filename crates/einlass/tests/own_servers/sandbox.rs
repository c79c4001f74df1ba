//! The sandbox as whoever builds a frontend starts it: a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use einlass::config::load;
use einlass::keys::{NewKeys, WaitingRoomKeys};
use einlass::process::{Process, StopTimes};
use einlass::waiting_room_service::WaitingRoomService;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use test_support::eventually;

use crate::citizen::{join, poll, redeem, send, try_send};

const SOON: Duration = Duration::from_secs(30);

/// A running sandbox.
pub struct Sandbox {
    process: Child,
    /// Its own API.
    pub control: String,
    /// Each campaign with its `room` and `campaign` address.
    pub campaigns: Vec<Value>,
}

impl Sandbox {
    /// Starts it, and returns when every campaign is in its phase.
    pub async fn start(client: &Client) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_einlass"))
            .args(["sandbox", "--room-port", "0", "--booking-port", "0", "--control-port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let out = BufReader::new(process.stdout.take().expect("its output"));
        let mut lines = out.lines().map_while(Result::ok);
        let line = lines.find(|line| line.trim_start().starts_with("sandbox "));
        let line = line.unwrap_or_else(|| panic!("the sandbox ended: {:?}", process.wait()));
        // The rest is read too, or the sandbox would end at a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let url = line.split_whitespace().last().expect("an address").to_owned();
        let control = url.trim_end_matches("/sandbox").to_owned();
        let shown = send(client.get(&url)).await;
        let campaigns = shown.body["campaigns"].as_array().expect("campaigns").clone();
        Self { process, control, campaigns }
    }

    /// The address of a campaign's `room`, or of the `campaign` itself.
    pub fn url(&self, half: &str, id: &str) -> String {
        let found = self.campaigns.iter().find(|campaign| campaign["id"] == id);
        found.expect(id)[half].as_str().expect(half).to_owned()
    }

    /// Moves the clock.
    pub async fn advance(&self, client: &Client, seconds: u64) {
        let request = client.post(format!("{}/sandbox/clock", self.control));
        let moved = send(request.json(&json!({"advance_s": seconds}))).await;
        assert_eq!(moved.status, 200, "{moved:?}");
    }

    /// Forgets what was ordered and has not happened yet.
    pub async fn forget_orders(&self, client: &Client) {
        let forgotten = send(client.delete(format!("{}/sandbox/answers", self.control))).await;
        assert_eq!(forgotten.status, 204, "{forgotten:?}");
    }

    /// Orders an answer.
    pub async fn order(&self, client: &Client, order: Value) {
        let request = client.post(format!("{}/sandbox/answers", self.control)).json(&order);
        let ordered = send(request).await;
        assert_eq!(ordered.status, 204, "{ordered:?}");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It cleans up behind itself when it is asked to end.
        let ask = ["-c", r#"kill -s TERM "$1""#, "kill", &self.process.id().to_string()];
        let _ = Command::new("/bin/sh").args(ask).status();
        let _ = self.process.wait();
    }
}

/// The rows of the table in docs/sandbox.md: a code, its status, and the postcode that forces it.
pub fn magic() -> Vec<(String, u16, String)> {
    let page = include_str!("../../../../docs/sandbox.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| code | status |")).skip(2);
    let rows = rows.map_while(|line| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, code, status, postcode, name, _] = cells[..] else { return None };
        assert_eq!(code, name, "the family name is the code");
        Some((code.to_owned(), status.parse().expect("a status"), postcode.to_owned()))
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_in_every_phase_and_the_clock_moves_on() {
    let client = Client::new();
    let sandbox = Sandbox::start(&client).await;
    let status = async |id: &str| send(client.get(sandbox.url("room", id))).await.body;
    for (id, phase) in [
        ("announced", "announced"),
        ("gathering", "gathering"),
        ("open", "open"),
        ("waiting", "open"),
        ("paused", "paused"),
        ("sold-out", "sold_out"),
        ("waitlist", "open"),
        ("closed", "closed"),
        ("person", "open"),
    ] {
        assert_eq!(status(id).await["phase"], phase, "{id}");
    }
    assert!(status("paused").await["message"]["de"].is_string());
    assert_eq!(status("person").await["identity"], "person");

    // The crowd is there, and it moves.
    let called = status("waiting").await["called"].as_u64();
    let joined = send(join(&client, &sandbox.url("room", "waiting"), "67346")).await;
    assert_eq!((joined.status.as_u16(), joined.text("state")), (201, "waiting"), "{joined:?}");
    assert!(joined.body["ahead"].as_u64() > Some(5), "{joined:?}");
    eventually("places are called", SOON, async || {
        status("waiting").await["called"].as_u64() > called
    })
    .await;

    // Who gathers is drawn when the clock says so.
    let room = sandbox.url("room", "gathering");
    let joined = send(join(&client, &room, "67346")).await;
    assert_eq!((joined.status.as_u16(), joined.text("state")), (201, "gathering"), "{joined:?}");
    let before = status("gathering").await["now"].clone();
    sandbox.advance(&client, 1_801).await;
    assert!(status("gathering").await["now"].as_str() > before.as_str());
    let ticket = joined.text("ticket");
    eventually("the ticket is called", SOON, async || {
        send(poll(&client, &room, ticket)).await.body["state"] == "called"
    })
    .await;
    let passed = send(redeem(&client, &room, ticket)).await;
    assert_eq!(passed.status, 201, "{passed:?}");

    // A pass comes to its end, and to that of its leeway.
    sandbox.advance(&client, 7_206).await;
    let slot = send(client.get(format!("{}/slots", sandbox.url("campaign", "gathering")))).await;
    let hold = json!({"slot": slot.body["slots"][0]["id"], "seats": 2});
    let url = format!("{}/holds", sandbox.url("campaign", "gathering"));
    let request = client.post(url).bearer_auth(passed.text("pass"));
    let late = send(request.header("idempotency-key", "k").json(&hold)).await;
    assert_eq!((late.status.as_u16(), late.code()), (401, "pass-invalid"), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_can_be_forced_and_answers_can_be_ordered() {
    let client = Client::new();
    let sandbox = Sandbox::start(&client).await;
    let room = sandbox.url("room", "open");
    let campaign = sandbox.url("campaign", "open");
    let (booking, _) = campaign.split_once("/campaigns/").expect("an address");
    let group = format!("{booking}/holds/hold_00000000000000000000000000000000/bookings");
    let magic = magic();
    assert_eq!(magic.len(), web::problem::CATALOGUE.len());
    for (code, status, postcode) in &magic {
        let named = json!({"slot": "any", "person": {
            "given_name": "Erika", "family_name": code, "date_of_birth": "1980-02-29",
        }});
        for request in [
            join(&client, &room, postcode),
            client.get(format!("{campaign}/eligibility?postcode={postcode}")),
            client.post(format!("{campaign}/bookings")).json(&named),
            client
                .post(&group)
                .json(&json!({"persons": [{"family_name": "Blatt"}, named["person"]]})),
        ] {
            let refused = send(request.header("accept-language", "de")).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (*status, code.as_str()));
            let entry = web::problem::CATALOGUE.iter().find(|entry| entry.name == code);
            assert_eq!(refused.text("title"), entry.expect("of the catalogue").de.title);
        }
    }
    let choice = send(join(&client, &room, &magic_postcode(&magic, "municipality-required"))).await;
    assert_eq!(choice.body["municipalities"].as_array().map(Vec::len), Some(2), "{choice:?}");
    assert_eq!(send(client.get(&room)).await.body["entered"], 0, "what is refused has no effect");

    let order = |order: Value| sandbox.order(&client, order);
    let tea = json!({"path": "/slots", "code": "tea"});
    let refused = client.post(format!("{}/sandbox/answers", sandbox.control)).json(&tea);
    let refused = send(refused).await;
    assert_eq!(
        (refused.code(), &refused.body["errors"][0]["field"]),
        ("invalid-request", &json!("code"))
    );
    order(json!({"path": "/slots", "code": "unavailable", "times": 2})).await;
    let slots = format!("{campaign}/slots");
    for expected in [503, 503, 200] {
        assert_eq!(send(client.get(&slots)).await.status, expected);
    }
    // The answer is lost, not what it tells of: the same key brings it.
    order(json!({"path": "/tickets", "method": "POST", "lost": true})).await;
    let keyed = || join(&client, &room, "67346").header("idempotency-key", "0123456789abcdef");
    assert_eq!(try_send(keyed()).await, None);
    let repeated = send(keyed()).await;
    assert_eq!((repeated.status.as_u16(), &repeated.body["entry"]), (201, &json!(0)));
}

fn magic_postcode(magic: &[(String, u16, String)], code: &str) -> String {
    magic.iter().find(|row| row.0 == code).expect("a row").2.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_may_call_it_and_no_others() {
    let client = Client::new();
    let sandbox = Sandbox::start(&client).await;
    for url in [
        format!("{}/tickets", sandbox.url("room", "open")),
        format!("{}/bookings", sandbox.url("campaign", "open")),
        format!("{}/sandbox/clock", sandbox.control),
    ] {
        for (origin, is_allowed) in
            [("http://localhost:5173", true), ("null", true), ("https://impfen.example", false)]
        {
            let preflight = client
                .request(Method::OPTIONS, &url)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type,idempotency-key");
            let answer = preflight.send().await.expect("an answer");
            let allowed = answer.headers().get("access-control-allow-origin");
            let allowed = allowed.and_then(|value| value.to_str().ok());
            assert_eq!(allowed, is_allowed.then_some(origin), "{url}");
        }
    }
}

/// What the sandbox can do is in no other command.
#[tokio::test(flavor = "multi_thread")]
async fn in_production_no_postcode_is_magic() {
    let mut config = load(None, []).expect("the defaults").config;
    config.waiting_room.listen.set_port(0);
    config.waiting_room.metrics_listen = String::new();
    let process = Process::new(None);
    assert!(process.front.is_none() && process.bookings.is_none());
    let keys = NewKeys::generate(&*process.entropy).waiting_room;
    let keys = WaitingRoomKeys::parse(&keys, "keys".as_ref()).expect("keys");
    let started = WaitingRoomService::start(&process, &config, keys, &[]).await;
    let service = started.expect("a waiting room");
    let room = format!("{}/v1/rooms/town", service.url());
    for (_, _, postcode) in magic() {
        let reply = send(join(&Client::new(), &room, &postcode)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, "room-not-found"), "{postcode}");
    }
    let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
    service.stop(&process, stop).await;
}
