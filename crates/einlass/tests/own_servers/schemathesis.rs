//! schemathesis asks both services what their documents allow and what they forbid, one request at a time and in
//! sequences, and finds nothing to object to. `api-spec/check/schemathesis.toml` says how.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use test_support::{ApiTools, PostgresServer, RedisServer, printed_by};

use crate::citizen::{Reply, book, person, send};
use crate::fleet::{Fleet, MAIL_REPORTS, Plan, scarce_with_waitlist};
use crate::waiting::{get_pass, join_waitlist, wait_for_offer};

const GATHERING: Duration = Duration::from_secs(1);
const API_SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api-spec");
/// How many requests are made up for each operation in each phase.
const EXAMPLES_MAX: &str = "25";

/// What the requests are made with: variables of `schemathesis.toml`.
type Variables = Vec<(&'static str, String)>;

fn hold(client: &Client, fleet: &Fleet, pass: &str, slot: &str, key: &str) -> RequestBuilder {
    let url = format!("{}/campaigns/{}/holds", fleet.booking_url(0), fleet.campaign.id);
    let request = client.post(url).bearer_auth(pass).header("idempotency-key", key);
    request.json(&json!({"slot": slot, "seats": 1}))
}

fn made(reply: Reply) -> Reply {
    assert_eq!(reply.status, 201, "{reply:?}");
    reply
}

/// Two people wait, and one of them is offered a place.
async fn wait_for_places(client: &Client, fleet: &Fleet) -> Variables {
    let (_, pass) = get_pass(client, fleet).await;
    let entry = join_waitlist(client, fleet, &pass, 3).await;
    let other_entry = join_waitlist(client, fleet, &pass, 4).await;
    let offer = wait_for_offer(client, fleet, &entry).await;
    vec![
        ("ENTRY", entry.text("id").to_owned()),
        ("WAITLIST_TOKEN", entry.text("waitlist_token").to_owned()),
        ("OFFER", offer),
        ("OTHER_ENTRY", other_entry.text("id").to_owned()),
        ("OTHER_WAITLIST_TOKEN", other_entry.text("waitlist_token").to_owned()),
    ]
}

/// Makes what can be shown, changed, given back.
async fn prepare(client: &Client, fleet: &Fleet, slot: &str) -> Variables {
    let campaign = fleet.campaign.id.to_string();
    let (ticket, pass) = get_pass(client, fleet).await;
    let (_, other_pass) = get_pass(client, fleet).await;
    let book = async |number: usize, key: &str| {
        let url = fleet.booking_url(0);
        let booked = book(client, &url, &campaign, &pass, key, (slot, person(number)));
        made(send(booked).await)
    };
    let (booking, other_booking) = (book(1, "booking-1").await, book(2, "booking-2").await);
    let held = made(send(hold(client, fleet, &pass, slot, "hold-1")).await);
    let other_held = made(send(hold(client, fleet, &pass, slot, "hold-2")).await);
    let mut variables = wait_for_places(client, fleet).await;
    variables.extend([
        ("MANAGE_TOKEN", booking.text("manage_token").to_owned()),
        ("OTHER_MANAGE_TOKEN", other_booking.text("manage_token").to_owned()),
        ("BOOKING", booking.text("id").to_owned()),
        ("OTHER_BOOKING", other_booking.text("id").to_owned()),
        ("HOLD", held.text("id").to_owned()),
        ("OTHER_HOLD", other_held.text("id").to_owned()),
        ("SIGNALS", fleet.signals.clone()),
        ("STAFF", fleet.staff.clone()),
        ("MAIL_REPORTS", MAIL_REPORTS.to_owned()),
        ("TICKET", ticket),
        ("PASS", pass),
        ("OTHER_PASS", other_pass),
        ("CAMPAIGN", campaign),
    ]);
    variables
}

/// The document as it is, but for the slots: of all texts that could be one, it names those of this campaign.
fn document(name: &str, slots: &[String]) -> Value {
    let text = std::fs::read_to_string(format!("{API_SPEC}/{name}.json")).expect("a document");
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    let schemas = document["components"]["schemas"].as_object_mut().expect("schemas");
    for schema in schemas.values_mut().filter(|schema| schema["additionalProperties"] == false) {
        if let Some(slot) = schema.pointer_mut("/properties/slot") {
            slot["enum"] = json!(slots);
            slot["example"] = json!(slots[0]);
        }
    }
    document
}

/// Runs it to its end in `folder`, and shows all that it said if it found something.
fn ask(folder: &Path, name: &str, url: &str, variables: &Variables) {
    let tools = ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"));
    let mut command = tools.python();
    command.args(["-m", "schemathesis.cli", "--config-file"]);
    command.arg(format!("{API_SPEC}/check/schemathesis.toml"));
    command.args(["run", &format!("{name}.json"), "--url", url]);
    command.args(["--max-examples", EXAMPLES_MAX, "--no-color"]);
    command.envs(variables.iter().map(|(name, value)| (*name, value))).current_dir(folder);
    let said = printed_by(&mut command);
    assert!(said.contains("No issues found") || said.contains("Test cases:"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let plan = Plan::on(&redis, &postgres, 1, 1, (scarce_with_waitlist(2, 1_000), GATHERING)).await;
    let fleet = plan.start().await;
    let slots: Vec<String> = fleet.campaign.slots.iter().map(|slot| slot.id.to_string()).collect();
    let variables = prepare(&Client::new(), &fleet, &slots[0]).await;
    let services = [("waiting-room", fleet.rooms[0].url()), ("booking", fleet.bookings[0].url())];
    let asked = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, url) in services {
            let text = document(name, &slots).to_string();
            std::fs::write(folder.path().join(format!("{name}.json")), text).expect("written");
            ask(folder.path(), name, &url, &variables);
        }
    });
    asked.await.expect("nothing is found");
    fleet.stop().await;
}
