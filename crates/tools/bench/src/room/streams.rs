//! How many follow a room at once, what each of them costs, and how soon all of them know.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use loadtest::closed_loop::request_bytes;
use loadtest::listening::{Heard, Listening};
use serde_json::Value;

use super::{GATHERING_ROOM, WAITING_ROOM};
use crate::Bench;
use crate::cores::Place;
use crate::einlass::Einlass;
use crate::figure::{Aim, Figure};
use crate::service::{Service, holds_within, pause};
use crate::{cpu, http};

/// The aims: so many on one instance, of at most so much memory, and everybody knows within so long.
const STREAMS: f64 = 20_000.0;
const BYTES_MAX: f64 = 12.0 * 1_024.0;
const TICK_MS_MAX: f64 = 1_000.0;
/// Waiting people are none of the server's business when it tells something; this much is noise.
const COST_RATIO_MAX: f64 = 1.25;

/// Open files of a process besides its streams.
const OTHER_FILES: u32 = 150;
const HEARD_WITHIN: Duration = Duration::from_secs(30);
const CLOSED_WITHIN: Duration = Duration::from_mins(1);
/// After an event, until everything it began has come to an end.
const SETTLING: Duration = Duration::from_millis(700);

/// Measures all, on an instance that has served nobody before: what it has freed would be used again.
pub fn measure(bench: &Bench, einlass: &Einlass) -> Result<[Figure; 4]> {
    let room = einlass.waiting_room_for_streams(Place::Core(bench.cores.server))?;
    let count = streams_possible(bench.streams)?;
    let mut figures = Figures::new(count, bench.waiting);
    let before = room.resident_bytes()?;
    let mut crowded = Listening::open(room.address, &request(WAITING_ROOM), count as usize)?;
    let mut costs_s = Vec::new();
    // The first round is not counted: what is used for the first time is paid for once.
    for round in 0..=bench.rounds {
        let tick = Tick::make(einlass, &room, &mut crowded, "waiting", round)?;
        eprintln!(
            "sse_tick, round {round}: p99 {:.0} ms, {:.0} ms of a core, load {:.0} ms",
            tick.p99_ms,
            tick.server_s * 1e3,
            tick.load_s * 1e3
        );
        if round > 0 {
            figures.streams.add(f64::from(count));
            figures.p99.add(tick.p99_ms);
            figures.bytes.add((room.resident_bytes()? - before) / f64::from(count));
            costs_s.push(tick.server_s);
        }
    }
    drop(crowded);
    let is_closed = || open_streams(einlass).is_ok_and(|open| open == Some(0.0));
    ensure!(holds_within(CLOSED_WITHIN, is_closed), "streams stayed open after their clients' end");
    let mut empty = Listening::open(room.address, &request(GATHERING_ROOM), count as usize)?;
    Tick::make(einlass, &room, &mut empty, "gathering", 0)?;
    for (round, cost_s) in (1..).zip(costs_s) {
        let tick = Tick::make(einlass, &room, &mut empty, "gathering", round)?;
        figures.cost_ratio.add(cost_s / tick.server_s);
    }
    Ok([figures.streams, figures.bytes, figures.p99, figures.cost_ratio])
}

struct Figures {
    streams: Figure,
    bytes: Figure,
    p99: Figure,
    cost_ratio: Figure,
}

impl Figures {
    fn new(count: u32, waiting: u32) -> Self {
        let what = format!("{count} streams of one room on one instance with one worker");
        Self {
            streams: Figure::new(
                "sse_streams",
                Some(Aim::AtLeast(STREAMS)),
                format!("{what}: each has every event"),
            ),
            bytes: Figure::new(
                "sse_bytes_per_stream",
                Some(Aim::AtMost(BYTES_MAX)),
                format!(
                    "VmRSS of the instance after an event, less that before, for each of {what}"
                ),
            ),
            p99: Figure::new(
                "sse_tick_p99_ms",
                Some(Aim::AtMost(TICK_MS_MAX)),
                format!("from the time in an event until it has arrived, of {what}"),
            ),
            cost_ratio: Figure::new(
                "sse_tick_cost_by_waiting",
                Some(Aim::AtMost(COST_RATIO_MAX)),
                format!(
                    "processor time of an event to {what}: in a room in which {waiting} wait, against one with nearly \
                     nobody"
                ),
            ),
        }
    }
}

/// One event to all.
struct Tick {
    p99_ms: f64,
    server_s: f64,
    load_s: f64,
}

impl Tick {
    fn make(
        einlass: &Einlass,
        room: &Service,
        listening: &mut Listening,
        name: &str,
        round: u32,
    ) -> Result<Self> {
        let text = format!("Round {round}");
        let (server_before, load_before) = (room.cpu_s()?, cpu::of_this_process_s()?);
        let heard = listening.hear(HEARD_WITHIN, &text, || einlass.tell(name, &text));
        let (heard, told) = heard.context("the streams failed")?;
        told?;
        let load_s = cpu::of_this_process_s()? - load_before;
        pause(SETTLING);
        Ok(Self { p99_ms: p99_ms(&heard)?, server_s: room.cpu_s()? - server_before, load_s })
    }
}

/// From the time that the event says until it had arrived: server and load run by one clock.
fn p99_ms(heard: &Heard) -> Result<f64> {
    let status: Value = serde_json::from_str(&heard.text).context("an event without a status")?;
    let now = status["now"].as_str().context("a status without its time")?;
    let written_ms = now.parse::<Timestamp>()?.as_millisecond();
    let mut took_ms: Vec<i64> = heard.at_ms.iter().map(|at_ms| at_ms - written_ms).collect();
    took_ms.sort_unstable();
    let index = (took_ms.len() * 99).div_ceil(100).saturating_sub(1);
    let p99_ms = *took_ms.get(index).context("nobody listened")?;
    Ok(f64::from(i32::try_from(p99_ms)?))
}

fn request(room: &str) -> Vec<u8> {
    request_bytes("GET", &format!("{room}/stream"), &[("Accept", "text/event-stream")], &[])
}

/// As many as wanted, unless the system allows fewer open files.
fn streams_possible(wanted: u32) -> Result<u32> {
    let limits = std::fs::read_to_string("/proc/self/limits").context("failed to read /proc")?;
    let files = files_max(&limits).context("the limits of a process name no open files")?;
    let possible = files.saturating_sub(OTHER_FILES);
    if possible < wanted {
        eprintln!(
            "{possible} streams instead of {wanted}: a process may open {files} files here; raise the hard limit \
             (`ulimit -Hn`, LimitNOFILE) above {}",
            wanted + OTHER_FILES
        );
    }
    Ok(wanted.min(possible))
}

/// `Max open files            1024                 20000                files`, the first of the two.
fn files_max(limits: &str) -> Option<u32> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u32::MAX),
        number => number.parse().ok(),
    }
}

fn open_streams(einlass: &Einlass) -> Result<Option<f64>> {
    let metrics = http::get(einlass.metrics, "/metrics")?;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let gauge = text.lines().find(|line| line.starts_with("http_streams_open{"));
    Ok(gauge.and_then(|line| line.rsplit(' ').next()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_hundredth_is_left_out() {
        let text = r#"{"now":"2021-06-14T06:00:00.000Z"}"#.to_owned();
        let start = 1_623_650_400_000;
        let heard = Heard { text, at_ms: (1..=200).map(|ms| start + ms).collect() };
        assert_eq!(p99_ms(&heard).expect("a time").to_bits(), 198.0_f64.to_bits());
    }

    #[test]
    fn the_open_files_are_read() {
        let line = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 20000                files\n";
        assert_eq!(files_max(line), Some(1_024));
        assert_eq!(files_max("Max open files unlimited unlimited files"), Some(u32::MAX));
        assert_eq!(files_max("Max cpu time unlimited"), None);
    }
}
