//! Other systems are told what happens, by a worker in a process of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use test_support::{Receiver, Reply, eventually};

use crate::citizen::{book, join, person, try_send};
use crate::command::einlass;
use crate::stop::{
    Addresses, CAMPAIGN, Program, SLOTS_ON, open_campaign, serving, take_pass, terminate,
    wait_until_ready,
};

const SOON: Duration = Duration::from_mins(1);
const ENDPOINTS: (&str, &str) = ("EINLASS__WEBHOOKS__ENDPOINTS_FILE", "endpoints.toml");

fn configure(folder: &Path, receiver: &Receiver) {
    let mut secret =
        kernel::private_file::create(&folder.join("secret")).expect("the file can be made");
    secret.write_all(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("written");
    let text = format!(
        "[[endpoint]]\nname = \"town\"\nurl = \"{}\"\nsecret_files = [\"secret\"]\n\
         events = [\"booking.*\"]\nallow_http = true\nallowed_networks = [\"127.0.0.1/32\"]\n",
        receiver.url("/hook?token=geheim")
    );
    std::fs::write(folder.join("endpoints.toml"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_told_and_nothing_of_who_it_is_for() {
    let folder = tempfile::tempdir().expect("folder");
    let receiver = Receiver::start(|_, _| Reply::Status(204, Vec::new())).expect("a receiver");
    configure(folder.path(), &receiver);
    std::fs::write(folder.path().join("campaign.toml"), open_campaign()).expect("written");
    let addresses = Addresses::reserve();
    let mut services = serving(folder.path(), &addresses);
    let services = services.env(ENDPOINTS.0, ENDPOINTS.1).env("EINLASS__WEBHOOKS__WORKER", "false");
    let services = services.stderr(Stdio::inherit()).spawn();
    let mut services = Program(services.expect("the binary runs"));
    wait_until_ready(&addresses).await;
    let mut worker = Command::new(env!("CARGO_BIN_EXE_einlass"));
    let worker = worker.arg("worker").current_dir(folder.path()).env(ENDPOINTS.0, ENDPOINTS.1);
    let worker = worker.env("EINLASS__LOG__FILTER", "warn").stderr(Stdio::inherit());
    let mut worker = Program(worker.spawn().expect("the binary runs"));
    eventually("the endpoint to be known", SOON, async || {
        let listed = einlass(folder.path(), &["webhook", "list"], &[ENDPOINTS]).done();
        listed == "town (127.0.0.1): 0 wait, 0 given up\n"
    })
    .await;

    let client = Client::new();
    let room = format!("{}/v1/rooms/{CAMPAIGN}", addresses.room());
    let booking = format!("{}/v1", addresses.booking());
    let mut ticket = None;
    // While the room listens to tickets it lets nobody in.
    eventually("a ticket", SOON, async || {
        let joined = try_send(join(&client, &room, "67346")).await.expect("a reply");
        ticket = joined.body["ticket"].as_str().map(str::to_owned);
        ticket.is_some()
    })
    .await;
    let pass = take_pass(&client, &room, &ticket.expect("a ticket")).await.expect("a pass");
    let slot = format!("boe-fashion-{}-0700", SLOTS_ON.replace('-', ""));
    let request = book(&client, &booking, CAMPAIGN, &pass, "key", (&slot, person(1)));
    let booked = try_send(request).await.expect("a reply");
    assert_eq!(booked.status, 201);
    eventually("it to be told", SOON, async || !receiver.delivered().is_empty()).await;

    for program in [&mut worker, &mut services] {
        let ended = terminate(&mut program.0).await;
        assert!(ended.success(), "{ended}");
    }
    let [told] = receiver.delivered().try_into().expect("one message");
    let document: Value = serde_json::from_str(&told.body).expect("JSON");
    let number = document["data"]["number"].clone();
    let data =
        json!({"campaign": CAMPAIGN, "number": number, "booking": booked.text("id"), "slot": slot});
    let timestamp = document["timestamp"].clone();
    let expected = json!({"type": "booking.created", "timestamp": timestamp, "data": data});
    assert_eq!(document, expected);
    assert_eq!(told.header("webhook-id"), format!("{CAMPAIGN}_{number}"));
}

#[test]
fn an_endpoint_is_tried_before_anything_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let receiver =
        Receiver::start(|_, before| Reply::Status(if before == 0 { 204 } else { 500 }, Vec::new()));
    let receiver = receiver.expect("a receiver");
    configure(folder.path(), &receiver);
    let run = |arguments: &[&str]| einlass(folder.path(), arguments, &[ENDPOINTS]);
    assert_eq!(run(&["webhook", "test", "town"]).done(), "town has taken the message\n");
    let [tried] = receiver.delivered().try_into().expect("one message");
    assert!(tried.body.contains(r#""type":"webhook.test""#), "{}", tried.body);
    let refused = run(&["webhook", "test", "town"]).refused();
    assert!(refused.contains("town has not taken the message: status 500"), "{refused}");
    assert!(run(&["webhook", "test", "village"]).refused().contains("no endpoint village"));

    assert_eq!(run(&["migrate"]).code, 0);
    let listed = run(&["webhook", "list"]).done();
    assert_eq!(listed, "town (127.0.0.1): is told what happens from the next start on\n");
    assert!(run(&["webhook", "enable", "town"]).refused().contains("nobody has been told"));
    assert!(run(&["webhook", "forget", "town"]).refused().contains("take it out first"));
    assert_eq!(run(&["webhook", "failed", "town"]).done(), "");
    assert_eq!(run(&["webhook", "retry", "town"]).done(), "0 messages are sent again now\n");

    assert_eq!(run(&["config", "check"]).code, 0);
    let path = folder.path().join("endpoints.toml");
    let text = std::fs::read_to_string(&path).expect("the file").replace("booking.*", "boking.*");
    std::fs::write(&path, text).expect("written");
    let refused = run(&["config", "check"]).refused();
    assert!(refused.contains("endpoint \"town\": `events`: \"boking.*\" is none of"), "{refused}");
    assert!(!refused.contains("geheim"), "{refused}");
}
