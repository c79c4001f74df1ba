//! What one instance with many rooms costs while nobody asks anything.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Bench;
use crate::campaigns::{Campaign, Gate};
use crate::cores::Place;
use crate::einlass::{Einlass, join};
use crate::figure::{Aim, Figure};
use crate::http;
use crate::service::{Service, holds_within, pause};

/// One room in so many has people who wait.
const HOT_ONE_IN: u32 = 10;
/// The first is let in at once, the others wait.
const PEOPLE: u32 = 3;
/// The gauge of the instance, in seconds.
const OLDEST_VIEW: &str = "room_view_age_seconds_max";
const OPENS_WITHIN: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Measures all.
pub fn measure(bench: &Bench, einlass: &Einlass) -> Result<Vec<Figure>> {
    let ids: Vec<String> = (0..bench.rooms).map(|number| format!("many-{number:05}")).collect();
    apply_all(einlass, &ids)?;
    let room = einlass.waiting_room(Place::Core(bench.cores.server))?;
    let is_open = |id: &String| {
        let status = http::get(room.address, &format!("/v1/rooms/{id}"));
        status.and_then(|reply| reply.json()).is_ok_and(|status| status["phase"] == "open")
    };
    for id in &ids {
        ensure!(holds_within(OPENS_WITHIN, || is_open(id)), "the room {id} does not open");
    }
    let mut figures = Vec::new();
    for (names, one_in, with_aims) in [
        (["views_1000_rooms_oldest_ms", "renewal_cpu_of_a_core"], HOT_ONE_IN, true),
        (["views_all_rooms_hot_oldest_ms", "renewal_cpu_all_rooms_hot"], 1, false),
    ] {
        for id in ids.iter().step_by(one_in as usize) {
            let path = format!("/v1/rooms/{id}/tickets");
            for _ in 0..PEOPLE {
                join(&room, &path)?.json()?;
            }
        }
        let what = format!(
            "{} rooms on one instance, people wait in one of {one_in}, nobody asks",
            bench.rooms
        );
        let aim = |most| with_aims.then_some(Aim::AtMost(most));
        let mut oldest = Figure::new(
            names[0],
            aim(500.0),
            format!("{OLDEST_VIEW} of {what}, the highest of each round"),
        );
        let mut cpu =
            Figure::new(names[1], aim(0.2), format!("processor seconds per second of {what}"));
        // The first round lets what the joins began come to an end.
        for round in 0..=bench.rounds {
            let (oldest_ms, busy) = watch(&room, einlass, bench.seconds)?;
            eprintln!(
                "{}, round {round}: {oldest_ms:.0} ms, {:.1} % of a core",
                names[0],
                busy * 100.0
            );
            if round > 0 {
                oldest.add(oldest_ms);
                cpu.add(busy);
            }
        }
        figures.extend([oldest, cpu]);
    }
    Ok(figures)
}

/// Two at a time, as each is a process of its own.
fn apply_all(einlass: &Einlass, ids: &[String]) -> Result<()> {
    let apply = |ids: &[String]| {
        ids.iter().try_for_each(|id| einlass.apply(&Campaign::opening_now(id, Gate::Narrow)))
    };
    let (first, second) = ids.split_at(ids.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| apply(second));
        apply(first)?;
        other.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?
    })
}

/// The age of the oldest view in milliseconds, and the share of a core.
fn watch(room: &Service, einlass: &Einlass, seconds: u32) -> Result<(f64, f64)> {
    let looks = u128::from(seconds) * 1_000 / LOOK_EVERY.as_millis();
    let before = room.cpu_s()?;
    let mut oldest_s = 0.0_f64;
    for _ in 0..looks {
        pause(LOOK_EVERY);
        let metrics = http::get(einlass.metrics, "/metrics")?;
        let text = String::from_utf8_lossy(&metrics.body);
        let age = gauge(&text).with_context(|| format!("/metrics has no {OLDEST_VIEW}"))?;
        oldest_s = oldest_s.max(age);
    }
    Ok((oldest_s * 1_000.0, (room.cpu_s()? - before) / f64::from(seconds)))
}

fn gauge(metrics: &str) -> Option<f64> {
    let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(OLDEST_VIEW));
    lines.find_map(|rest| rest.split_whitespace().next_back()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gauge_is_found_among_others() {
        let metrics = "# TYPE room_view_age_seconds_max gauge\nroom_view_age_seconds_max 0.25\n";
        assert_eq!(gauge(metrics).map(f64::to_bits), Some(0.25_f64.to_bits()));
        assert_eq!(gauge("rooms_open 3\n"), None);
    }
}
