//! People who wait with `einlass.js` behind nginx as a cache: what of them reaches the waiting room, and how soon whoever
//! is called comes.

use std::fs::read_to_string;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use serde_json::Value;
use test_support::{ProxyServer, Runtime, read_checked_in, workspace_root};

use crate::Bench;
use crate::campaigns::{Campaign, Gate, from_now};
use crate::cores::Place;
use crate::einlass::Einlass;
use crate::figure::{Aim, Figure};
use crate::http;
use crate::service::{Process, Service, holds_within, pause};

const PEOPLE: u32 = 10_000;
const PER_MINUTE: u32 = 12_000;
const BURST: u32 = 100;
/// The aims: so many requests a second of all who wait, and so long from a call until its pass is asked for.
const REQUESTS_PER_S: f64 = 2.0;
const COMES_WITHIN_S: f64 = 3.0;

const ROOM: &str = "/v1/rooms/crowd";
/// All have joined by then.
const JOINING: SignedDuration = SignedDuration::from_secs(40);
const GATHERS_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const TIME_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Measures both, once.
pub fn measure(bench: &Bench, einlass: &Einlass) -> Result<[Figure; 2]> {
    bench.cores.move_this_process(Place::Anywhere)?;
    let measured = wait_for_all(einlass);
    bench.cores.move_this_process(Place::Core(bench.cores.load))?;
    let Measured { requests_per_s, comes_s } = measured?;
    let what = format!("{PEOPLE} people with einlass.js in one process of Node, behind nginx");
    let mut requests = Figure::new(
        "crowd_requests_per_s",
        Some(Aim::AtMost(REQUESTS_PER_S)),
        format!("requests of {what}, that reach the waiting room while they wait"),
    );
    requests.add(requests_per_s);
    let mut comes = Figure::new(
        "crowd_comes_s",
        Some(Aim::AtMost(COMES_WITHIN_S)),
        format!("the longest time from a call until its pass is asked for, of {what}"),
    );
    comes.add(comes_s);
    Ok([requests, comes])
}

struct Measured {
    requests_per_s: f64,
    comes_s: f64,
}

fn wait_for_all(einlass: &Einlass) -> Result<Measured> {
    let campaign = Campaign::opening_now("crowd", Gate::Wide);
    let opens_at = from_now(JOINING);
    einlass.apply(&Campaign { opens_at, ..campaign })?;
    einlass.set_pace("crowd", PER_MINUTE, BURST)?;
    let room = einlass.waiting_room(Place::Anywhere)?;
    let is_gathering = || status(&room).is_ok_and(|status| status["phase"] == "gathering");
    ensure!(holds_within(GATHERS_WITHIN, is_gathering), "the room never gathered");

    let folder = tempfile::tempdir()?;
    let cache = ProxyServer::nginx_blocking(configuration(&room, &folder)?)?;
    let printed = folder.path().join("printed");
    let mut node = Command::new(Runtime::Node.locate()?);
    node.arg(workspace_root().join("api-spec/check/einlass-crowd.js"));
    node.args([format!("{}{ROOM}", cache.origin()), PEOPLE.to_string()]);
    let mut people = Process::start(node, &printed)?;
    let joined = || status(&room).is_ok_and(|status| status["entered"] == PEOPLE);
    ensure!(
        holds_within(JOINING.unsigned_abs(), joined) && from_now(SignedDuration::ZERO) < opens_at,
        "people joined too slowly: {}",
        read_to_string(&printed)?
    );

    let (started, before) = (from_now(SignedDuration::ZERO), questions(einlass)?);
    let mut called = Vec::new();
    let ended = loop {
        if let Some(ended) = people.ended() {
            break ended;
        }
        ensure!(from_now(-TIME_MAX) < started, "not everybody has a pass");
        let so_far = status(&room)?["called"].as_u64().context("how far is called")?;
        called.push((so_far, from_now(SignedDuration::ZERO).as_millisecond()));
        pause(LOOK_EVERY);
    };
    let printed = read_to_string(&printed)?;
    ensure!(ended.success(), "the people ended badly: {printed}");
    let waited_s = from_now(SignedDuration::ZERO).duration_since(started).as_secs_f64();
    let ours = f64::from(u32::try_from(called.len())?);
    let requests_per_s = (questions(einlass)? - before - ours) / waited_s;
    let came: Vec<(u64, i64)> = serde_json::from_str(printed.trim())?;
    Ok(Measured { requests_per_s, comes_s: longest_s(&called, &came)? })
}

fn configuration(room: &Service, folder: &tempfile::TempDir) -> Result<String> {
    let cache = folder.path().to_str().context("a folder that is no text")?;
    let configuration = read_checked_in("deploy/nginx/status-cache.conf");
    Ok(configuration
        .replace("127.0.0.1:8080", &room.address.to_string())
        .replace("/var/cache/nginx/einlass", &format!("{cache}/cache")))
}

fn status(room: &Service) -> Result<Value> {
    http::get(room.address, ROOM)?.json()
}

/// How many have been answered, of those who only want to know something.
fn questions(einlass: &Einlass) -> Result<f64> {
    let metrics = http::get(einlass.metrics, "/metrics")?;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let lines = text.lines().filter(|line| {
        line.starts_with("http_requests_total{") && line.contains(r#"method="GET""#)
    });
    lines.map(|line| Ok(line.rsplit(' ').next().context("a number")?.parse::<f64>()?)).sum()
}

/// `called` says when the waiting room's own status showed how many as called, `came` when whoever has a place asked
/// for the pass.
fn longest_s(called: &[(u64, i64)], came: &[(u64, i64)]) -> Result<f64> {
    let mut longest_ms = 0;
    for (place, at_ms) in came {
        let first = called.iter().find(|(called, _)| called > place);
        let (_, called_ms) = first.context("somebody came who was not called")?;
        longest_ms = longest_ms.max(at_ms - called_ms);
    }
    Ok(f64::from(i32::try_from(longest_ms)?) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_last_after_their_call_counts() {
        let called = [(0, 1_000), (10, 2_000), (10, 2_500), (20, 3_000)];
        let longest = |came: &[(u64, i64)]| longest_s(&called, came).ok();
        assert_eq!(longest(&[(0, 2_600), (9, 3_500), (10, 4_000)]), Some(1.5));
        assert_eq!(longest(&[(19, 2_990)]), Some(0.0), "the call was seen later than it was made");
        assert_eq!(longest(&[(20, 4_000)]), None);
    }
}
