//! Answers: whether they came, and in time.

use std::collections::HashSet;

use super::{Counts, Run, p99, touches};
use crate::room::history::{Event, Standing, Told};

/// The 99th percentile of polls stays below.
const POLL_P99_MAX_MS: i64 = 200;
/// That of all that citizens ask for while programs attack.
const ATTACKED_P99_MAX_MS: i64 = 1_000;
/// Anything is answered within this, if only by a refusal (P14).
const REPLY_MAX_MS: i64 = 5_000;
/// From the end of a fault to the first call.
const FIRST_CALL_MAX_MS: i64 = 10_000;

impl Run<'_> {
    pub(super) fn unanswered_polls(&self) -> Vec<String> {
        let polls = self.events.iter().filter(|event| event.is_poll() && self.was_up(event));
        polls
            .filter(|event| !touches(&self.course.unknown, event.span()))
            .filter_map(|event| match &event.told {
                Told::Refused { status, code } if *status >= 429 => {
                    Some(format!("citizen {}: {status} {code}", event.citizen))
                }
                Told::Nothing { why } => Some(format!("citizen {}: {why}", event.citizen)),
                Told::State(..) | Told::Pass(_) | Told::Left | Told::Refused { .. } => None,
            })
            .collect()
    }

    #[expect(clippy::unused_self, reason = "a rule like the others")]
    pub(super) fn slow_polls(&self, seen: Counts) -> Vec<String> {
        let too_slow = seen.poll_p99_ms > POLL_P99_MAX_MS;
        if too_slow { vec![format!("p99 was {} ms", seen.poll_p99_ms)] } else { Vec::new() }
    }

    pub(super) fn slow_under_attack(&self) -> Vec<String> {
        let attacked = self
            .events
            .iter()
            .filter(|event| touches(&self.course.attacked, event.span()) && self.was_up(event));
        let mut latencies: Vec<i64> = attacked.map(|event| self.latency_ms(event)).collect();
        let p99_ms = p99(&mut latencies);
        let too_slow = p99_ms > ATTACKED_P99_MAX_MS;
        if too_slow { vec![format!("p99 was {p99_ms} ms")] } else { Vec::new() }
    }

    pub(super) fn left_unanswered(&self) -> Vec<String> {
        let others = self.events.iter().filter(|event| !event.is_poll() && self.was_up(event));
        others
            .filter_map(|event| {
                let took_ms = event.answered - event.sent;
                let Event { citizen, asked, .. } = event;
                match &event.told {
                    Told::Nothing { why } => Some(format!("citizen {citizen}, {asked:?}: {why}")),
                    Told::State(..) | Told::Pass(_) | Told::Left | Told::Refused { .. } => {
                        let late = took_ms > REPLY_MAX_MS;
                        late.then(|| format!("citizen {citizen}, {asked:?}: after {took_ms} ms"))
                    }
                }
            })
            .collect()
    }

    pub(super) fn late_calls(&self) -> Vec<String> {
        let mut found = Vec::new();
        for heal in &self.course.heals {
            let limit = heal.at + FIRST_CALL_MAX_MS + heal.quiet_ms;
            let mut waited = HashSet::new();
            let after = self.events.iter().filter(|event| event.sent >= heal.at);
            let first = after.filter_map(|event| event.state().map(|state| (event, state))).find(
                |(event, state)| match state.standing {
                    Standing::Gathering | Standing::Waiting => {
                        waited.insert(event.citizen);
                        false
                    }
                    Standing::Used => false,
                    Standing::Called => waited.contains(&event.citizen),
                },
            );
            match first {
                Some((event, _)) if event.answered <= limit => {}
                Some((event, _)) => {
                    found.push(format!("the first after {} ms", event.answered - heal.at));
                }
                None => found.push(format!("none; {} people waited", waited.len())),
            }
        }
        found
    }
}
