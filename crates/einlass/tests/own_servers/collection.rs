//! The collection under `api-spec/clients/bruno` walks a citizen through running services, by Bruno's own command line.

use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use test_support::{ApiTools, PostgresServer, RedisServer, eventually};

use crate::citizen::{Reply, join, poll, send};
use crate::fleet::{Fleet, Plan, scarce_with_waitlist};
use crate::waiting::{get_pass, join_waitlist, wait_for_offer};

const CALLED_WITHIN: Duration = Duration::from_mins(1);

const COLLECTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api-spec/clients/bruno");

/// What each needs of those before it, it has from their answers: pass, slot, hold, booking and manage token. The ticket
/// is one that was called; joining comes last, as its ticket takes the place of that one. So does the entry of the
/// waitlist, which was offered a place, until another one joins.
const WALK: [&str; 24] = [
    "waiting-room/show_status.bru",
    "waiting-room/show_ticket.bru",
    "waiting-room/redeem.bru",
    "booking/list_campaigns.bru",
    "booking/show_campaign.bru",
    "booking/check_eligibility.bru",
    "booking/list_slots.bru",
    "booking/show_waitlist.bru",
    "booking/show_waitlist_entry.bru",
    "booking/accept_offer.bru",
    "booking/book_slot.bru",
    "booking/show_booking.bru",
    "booking/correct_person.bru",
    "booking/move_booking.bru",
    "booking/open_car.bru",
    "booking/cancel_booking.bru",
    "booking/join_waitlist.bru",
    "booking/leave_waitlist.bru",
    "booking/create_hold.bru",
    "booking/show_hold.bru",
    "booking/renew_hold.bru",
    "booking/book_hold.bru",
    "booking/end_pass.bru",
    "waiting-room/join.bru",
];

/// Whoever has accepted an offer cannot decline it: somebody else does.
const DECLINES: [&str; 2] = ["booking/show_waitlist_entry.bru", "booking/decline_offer.bru"];

/// The values of variables of the collection.
type Variables = Vec<(&'static str, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn the_collection_walks_a_citizen_to_a_booking() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let campaign = (scarce_with_waitlist(1, 20), Duration::from_secs(1));
    let fleet = Plan::on(&redis, &postgres, 1, 1, campaign).await.start().await;
    let client = Client::new();
    fleet.until_open(&client).await;
    let room = fleet.room_url(0);
    let joined = send(join(&client, &room, "67346")).await;
    let ticket = joined.text("ticket").to_owned();
    eventually("the ticket is called", CALLED_WITHIN, async || {
        send(poll(&client, &room, &ticket)).await.body["state"] == "called"
    })
    .await;
    let (accepts, declines) = wait_for_places(&client, &fleet).await;
    let (mut of_first, of_second) = (variables(&fleet, &accepts), variables(&fleet, &declines));
    of_first.push(("ticket", ticket));
    let walked = tokio::task::spawn_blocking(move || {
        walk(&WALK, &of_first);
        walk(&DECLINES, &of_second);
    })
    .await;
    fleet.stop().await;
    walked.expect("every request is answered as its file says");
}

/// Two people who are offered places.
async fn wait_for_places(client: &Client, fleet: &Fleet) -> (Reply, Reply) {
    let (_, pass) = get_pass(client, fleet).await;
    let first = join_waitlist(client, fleet, &pass, 1).await;
    let second = join_waitlist(client, fleet, &pass, 2).await;
    for joined in [&first, &second] {
        wait_for_offer(client, fleet, joined).await;
    }
    (first, second)
}

fn variables(fleet: &Fleet, waits: &Reply) -> Variables {
    vec![
        ("waiting_room_url", fleet.rooms[0].url()),
        ("booking_url", fleet.bookings[0].url()),
        ("entry", waits.text("id").to_owned()),
        ("waitlist_token", waits.text("waitlist_token").to_owned()),
    ]
}

/// Each request asserts that its answer is one of the successes in the document.
fn walk(requests: &[&str], variables: &Variables) {
    let tools = ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"));
    let mut bruno = tools.node_program("@usebruno/cli/bin/bru.js");
    bruno.arg("run").args(requests).args(["--bail", "--env", "local"]);
    for (name, value) in variables {
        bruno.arg("--env-var").arg(format!("{name}={value}"));
    }
    let output = bruno.current_dir(Path::new(COLLECTION)).output().expect("Bruno runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    assert_eq!(printed.matches("✓ res.status").count(), requests.len(), "{printed}");
}
