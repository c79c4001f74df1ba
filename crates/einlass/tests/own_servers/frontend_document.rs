//! `docs/frontend.md` can be followed: its commands run as they stand, one after the other in one shell, and
//! the answers have the members that the document shows.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use test_support::{PostgresServer, RedisServer, Runtime};

use crate::fleet::{Plan, scarce};
use crate::sandbox::Sandbox;

const DOCUMENT: &str = include_str!("../../../../docs/frontend.md");

/// The chapter that the sandbox is for.
const WAITLIST: &str = "\n## 6. The waitlist\n";

/// The addresses of the document. The services of a test listen elsewhere.
const ROOM_URL: &str = "http://127.0.0.1:8080";
const BOOKING_URL: &str = "http://127.0.0.1:8081";

/// What not every machine has: options of a curl newer than Debian 11's 7.74, and other programs.
const NOT_EVERYWHERE: [&str; 5] = ["--json", "--fail-with-body", "--url-query", "uuidgen", "jq "];

/// Commands, and the examples of answers that the document shows below them.
struct Step {
    commands: String,
    shown: Vec<Value>,
}

/// The content of the fenced blocks, with their languages.
fn blocks(document: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let content = lines.by_ref().take_while(|line| line.trim_start() != "```");
            blocks.push((language, content.flat_map(|line| [line, "\n"]).collect()));
        }
    }
    blocks
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (language, content) in blocks(document) {
        match language {
            "sh" => steps.push(Step { commands: content, shown: Vec::new() }),
            "json" => {
                let value = serde_json::from_str(&content)
                    .unwrap_or_else(|error| panic!("{error}: {content}"));
                steps.last_mut().expect("commands before an answer").shown.push(value);
            }
            _ => {}
        }
    }
    steps
}

/// Whether `answer` has every member that `shown` has. Null stands for what is not there at the moment.
fn has_members(answer: &Value, shown: &Value) -> bool {
    match (answer, shown) {
        (Value::Object(answer), Value::Object(shown)) => shown
            .iter()
            .all(|(name, shown)| answer.get(name).is_some_and(|answer| has_members(answer, shown))),
        (Value::Array(answer), Value::Array(shown)) => match (answer.first(), shown.first()) {
            (Some(answer), Some(shown)) => has_members(answer, shown),
            _ => true,
        },
        _ => true,
    }
}

#[test]
fn the_commands_need_nothing_that_is_rare() {
    for step in steps(DOCUMENT) {
        for word in NOT_EVERYWHERE {
            assert!(!step.commands.contains(word), "{word}: {}", step.commands);
        }
    }
}

#[test]
fn members_are_compared() {
    let shown = serde_json::json!({"id": "a", "slots": [{"id": "b"}], "draw": null});
    for (answer, expected) in [
        (
            serde_json::json!({"id": 1, "slots": [{"id": 2, "site": 3}], "draw": {}, "more": 0}),
            true,
        ),
        (serde_json::json!({"id": 1, "slots": [], "draw": null}), true),
        (serde_json::json!({"id": 1, "slots": [{"site": 3}], "draw": null}), false),
        (serde_json::json!({"slots": [], "draw": null}), false),
    ] {
        assert_eq!(has_members(&answer, &shown), expected, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_succeeds_and_every_answer_is_as_shown() {
    let (redis, postgres) = (
        RedisServer::start().await.expect("redis"),
        PostgresServer::start().await.expect("postgres"),
    );
    let plan = Plan::on(&redis, &postgres, 1, 1, (scarce(2, 50), Duration::from_secs(1))).await;
    let fleet = plan.start().await;
    fleet.until_open(&Client::new()).await;
    let (before, _, after) = chapters();
    let steps = steps(&(before + &after));
    let script = script(&steps, &fleet.rooms[0].url(), &fleet.bookings[0].url());
    let output = tokio::task::block_in_place(|| in_one_shell(&script));
    fleet.stop().await;
    assert_as_shown(&steps, &output);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waitlist_can_be_walked_in_the_sandbox() {
    let sandbox = Sandbox::start(&Client::new()).await;
    let base = |half: &str| {
        let url = sandbox.url(half, "waitlist");
        url.split("/v1/").next().expect("an address").to_owned()
    };
    let (_, of_waitlist, _) = chapters();
    let steps = steps(&of_waitlist);
    let script = script(&steps, &base("room"), &base("campaign"));
    let output = tokio::task::block_in_place(|| in_one_shell(&script));
    assert_as_shown(&steps, &output);
}

/// The chapter on the waitlist, and what stands before and after it.
fn chapters() -> (String, String, String) {
    let (before, rest) = DOCUMENT.split_once(WAITLIST).expect("the chapter");
    let (chapter, after) = rest.split_once("\n## ").expect("chapters after it");
    (before.to_owned(), chapter.to_owned(), after.to_owned())
}

#[track_caller]
fn assert_as_shown(steps: &[Step], output: &str) {
    assert!(steps.len() > 5, "the commands of the document are found");
    let mut outputs = output.split(MARK).skip(1);
    for step in steps {
        let printed = outputs.next().unwrap_or_default().trim();
        let answers = serde_json::Deserializer::from_str(printed).into_iter::<Value>();
        let last = answers.map_while(Result::ok).last();
        let is_shown = |answer: &Value| step.shown.iter().any(|shown| has_members(answer, shown));
        assert!(
            step.shown.is_empty() || last.as_ref().is_some_and(is_shown),
            "{}\nprinted\n{printed}\nand the document shows\n{:?}",
            step.commands,
            step.shown
        );
    }
}

/// Printed before the output of each step.
const MARK: &str = "---- step ----";

fn script(steps: &[Step], room_url: &str, booking_url: &str) -> String {
    let of_step = |step: &Step| format!("printf '\\n%s\\n' '{MARK}'\n{}", step.commands);
    let script: String = steps.iter().map(of_step).collect();
    script.replace(ROOM_URL, room_url).replace(BOOKING_URL, booking_url)
}

/// What the script prints. It ends at the first command that fails; a refusal fails, too.
#[track_caller]
fn in_one_shell(script: &str) -> String {
    let folder = tempfile::tempdir().expect("folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("commands.sh", script);
    write(".curlrc", "fail\nsilent\nshow-error\n");
    Runtime::Curl.locate().unwrap_or_else(|error| panic!("{error:#}"));
    let output = Command::new("sh")
        .args(["-e", "-u", "commands.sh"])
        .current_dir(folder.path())
        .env("CURL_HOME", folder.path() as &Path)
        .output()
        .expect("a shell");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    printed.into_owned()
}
