use std::fs;
use std::process::Command;

use serde_json::Value;
use test_support::{Runtime, printed_by, workspace_root};

use super::MODULE;
use crate::citizen::status::vectors;
use crate::harness::Harness;

mod own_servers;

/// Node with a script of `api-spec/check`.
fn node(script: &str) -> Command {
    let mut node = Command::new(Runtime::Node.locate().unwrap_or_else(|error| panic!("{error:#}")));
    node.arg(workspace_root().join("api-spec/check").join(script));
    node
}

/// One line for each ticket, so that a change is seen where it is.
fn written(cases: &[Value]) -> String {
    let cases = cases.iter().map(|case| {
        let tickets = case["tickets"].as_array().expect("tickets").iter();
        let tickets: Vec<String> = tickets.map(|ticket| format!("\n  {ticket}")).collect();
        let (name, status, tickets) = (&case["name"], &case["status"], tickets.join(","));
        format!("{{\"name\": {name}, \"status\":\n  {status},\n \"tickets\": [{tickets}]}}")
    });
    format!("[\n{}\n]\n", cases.collect::<Vec<String>>().join(",\n"))
}

#[actix_web::test]
async fn pages_of_all_origins_may_load_it() {
    let harness = Harness::start().await;
    let get = || harness.get("/einlass.js").header("origin", "https://shop.example");
    let reply = get().send().await;
    assert_eq!((reply.status, &*reply.bytes), (200, MODULE.as_bytes()));
    assert_eq!(reply.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let again = get().header("if-none-match", reply.header("etag")).send().await;
    assert_eq!(again.status, 304);
}

#[test]
fn the_checked_in_vectors_are_up_to_date() {
    let file = workspace_root().join("api-spec/clients/standing-vectors.json");
    let vectors = written(&vectors::cases());
    #[expect(clippy::disallowed_methods, reason = "the switch of the drift tests")]
    let update = std::env::var_os("UPDATE_DRIFT").is_some();
    if update {
        fs::write(&file, &vectors).expect("writing the vectors");
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == vectors,
        "api-spec/clients/standing-vectors.json is out of date: run the tests with UPDATE_DRIFT=1"
    );
}

/// The module computes what the room says, of the checked-in vectors and of many more.
#[test]
fn it_computes_what_the_room_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let more = folder.path().join("more.json");
    fs::write(&more, written(&vectors::random_cases(400))).expect("written");
    let checked_in = workspace_root().join("api-spec/clients/standing-vectors.json");
    let printed = printed_by(node("einlass-standing.js").args([&checked_in, &more]));
    assert!(printed.ends_with("computed\n"), "{printed}");
}

/// Against a room that the test plays: what is asked when, and what is kept.
#[test]
fn it_behaves_as_the_api_asks() {
    printed_by(&mut node("einlass-behaviour.test.js"));
}
