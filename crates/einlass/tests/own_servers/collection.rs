//! The collection under `api-spec/clients/bruno` walks a citizen through running services, by Bruno's own command line.

use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use test_support::{ApiTools, PostgresServer, RedisServer, eventually};

use crate::citizen::{join, poll, send};
use crate::fleet::{Plan, scarce};

const CALLED_WITHIN: Duration = Duration::from_mins(1);

const COLLECTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api-spec/clients/bruno");

/// What each needs of those before it, it has from their answers: pass, slot, hold, booking and manage token. The ticket
/// is one that was called; joining comes last, as its ticket takes the place of that one.
const WALK: [&str; 19] = [
    "waiting-room/show_status.bru",
    "waiting-room/show_ticket.bru",
    "waiting-room/redeem.bru",
    "booking/list_campaigns.bru",
    "booking/show_campaign.bru",
    "booking/check_eligibility.bru",
    "booking/list_slots.bru",
    "booking/book_slot.bru",
    "booking/show_booking.bru",
    "booking/correct_person.bru",
    "booking/move_booking.bru",
    "booking/open_car.bru",
    "booking/cancel_booking.bru",
    "booking/create_hold.bru",
    "booking/show_hold.bru",
    "booking/renew_hold.bru",
    "booking/book_hold.bru",
    "booking/end_pass.bru",
    "waiting-room/join.bru",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_collection_walks_a_citizen_to_a_booking() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let plan = Plan::on(&redis, &postgres, 1, 1, (scarce(1, 20), Duration::from_secs(1))).await;
    let fleet = plan.start().await;
    let client = Client::new();
    fleet.until_open(&client).await;
    let room = fleet.room_url(0);
    let joined = send(join(&client, &room, "67346")).await;
    let ticket = joined.text("ticket").to_owned();
    eventually("the ticket is called", CALLED_WITHIN, async || {
        send(poll(&client, &room, &ticket)).await.body["state"] == "called"
    })
    .await;
    let variables = [
        ("waiting_room_url", fleet.rooms[0].url()),
        ("booking_url", fleet.bookings[0].url()),
        ("ticket", ticket),
    ];
    let walked = tokio::task::spawn_blocking(move || walk(&variables)).await;
    fleet.stop().await;
    walked.expect("every request is answered as its file says");
}

/// Each request asserts that its answer is one of the successes in the document.
fn walk(variables: &[(&str, String)]) {
    let tools = ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"));
    let mut bruno = tools.node_program("@usebruno/cli/bin/bru.js");
    bruno.arg("run").args(WALK).args(["--bail", "--env", "local"]);
    for (name, value) in variables {
        bruno.arg("--env-var").arg(format!("{name}={value}"));
    }
    let output = bruno.current_dir(Path::new(COLLECTION)).output().expect("Bruno runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    assert_eq!(printed.matches("✓ res.status").count(), WALK.len(), "{printed}");
}
