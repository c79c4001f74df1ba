//! Admission: passes, pace and the number of people inside.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Run, SECOND_MS};
use crate::clock::UnixMs;
use crate::room::history::{Asked, Event, Told};

/// For how long somebody who was called may be told to wait for a free pass.
const KEPT_OUT_MAX_MS: i64 = 15_000;

/// A pass as the judge counts it.
pub(super) struct Visit {
    citizen: u32,
    /// At the latest; at the earliest when it was asked for.
    from: UnixMs,
    asked: UnixMs,
    until: UnixMs,
}

impl Run<'_> {
    pub(super) fn doubled_passes(&self) -> Vec<String> {
        let mut told: HashMap<u32, &str> = HashMap::new();
        let mut found = Vec::new();
        for event in self.events {
            let Some(subject) = event.state().and_then(|state| state.subject.as_deref()) else {
                continue;
            };
            let first = *told.entry(event.citizen).or_insert(subject);
            if first != subject {
                found.push(format!("citizen {} was {first} and became {subject}", event.citizen));
            }
        }
        let subject_of = |citizen: u32| {
            // Without identity the ticket is the subject, and a citizen here has one ticket.
            told.get(&citizen).map_or_else(|| format!("citizen {citizen}"), ToString::to_string)
        };
        let mut pass_of: HashMap<String, &str> = HashMap::new();
        let mut owner_of: HashMap<&str, String> = HashMap::new();
        for event in self.events {
            let Some(pass) = event.pass() else { continue };
            let subject = subject_of(event.citizen);
            let first = *pass_of.entry(subject.clone()).or_insert(&pass.id);
            if first != pass.id {
                found.push(format!("{subject} got {first} and {}", pass.id));
            }
            let owner = owner_of.entry(&pass.id).or_insert_with(|| subject.clone());
            if *owner != subject {
                found.push(format!("{} was given to {owner} and to {subject}", pass.id));
            }
        }
        found
    }

    pub(super) fn above_pace(&self) -> Vec<String> {
        let slack_ms = if self.told_in_seconds() { SECOND_MS } else { 50 };
        let pace = i64::from(self.course.bounds.pace_per_minute);
        let burst = i64::from(self.course.bounds.burst);
        let mut found = Vec::new();
        for visits in self.eras(&self.visits()) {
            // The window that starts where the count least exceeds what the pace had allowed by then.
            let mut least: Option<(i64, UnixMs)> = None;
            for (count, from) in (0_i64..).zip(visits.iter().map(|visit| visit.from)) {
                let here = count * 60_000 - pace * from;
                let (start, since) = *least.get_or_insert((here, from));
                if here - start + 60_000 > burst * 60_000 + pace * slack_ms {
                    found.push(format!(
                        "{} admissions above the burst within {} ms",
                        (here - start) / 60_000 - burst + 1,
                        from - since
                    ));
                }
                if here < start {
                    least = Some((here, from));
                }
            }
        }
        found
    }

    pub(super) fn above_max_active(&self) -> Vec<String> {
        let mut found = Vec::new();
        for visits in self.eras(&self.visits()) {
            let mut changes: Vec<(UnixMs, i64)> = visits
                .iter()
                .filter(|visit| visit.from < visit.until)
                .flat_map(|visit| [(visit.from, 1), (visit.until, -1)])
                .collect();
            changes.sort_unstable();
            let mut active = 0;
            for (at, change) in changes {
                active += change;
                if change > 0 && active > i64::from(self.course.bounds.max_active) {
                    found.push(format!("{active} at {at}"));
                }
            }
        }
        found
    }

    pub(super) fn dead_passes(&self) -> Vec<String> {
        let mut known = HashSet::new();
        let mut found = Vec::new();
        for event in self.events {
            let Some(pass) = event.pass() else { continue };
            if !known.insert(&pass.id) {
                continue;
            }
            let left_ms = pass.expires_at - event.answered;
            if left_ms <= 0 || left_ms > self.course.bounds.pass_ttl_ms + SECOND_MS {
                found.push(format!("citizen {} got one with {left_ms} ms to go", event.citizen));
            }
        }
        found
    }

    pub(super) fn kept_out(&self) -> Vec<String> {
        let called = self.first_called();
        let mut found: BTreeMap<u32, String> = BTreeMap::new();
        for event in self.events {
            let Told::Refused { code, .. } = &event.told else { continue };
            let Some(call) = called.get(&event.citizen).filter(|_| code == "not-your-turn") else {
                continue;
            };
            let away = self.course.away.iter().chain(&self.course.unknown);
            let ended = away.filter(|span| span.from <= event.sent).map(|span| span.until).max();
            let since = call.answered.max(ended.unwrap_or(UnixMs::MIN));
            if event.sent - since > KEPT_OUT_MAX_MS {
                let text = format!("citizen {} after {} ms", event.citizen, event.sent - since);
                found.insert(event.citizen, text);
            }
        }
        found.into_values().collect()
    }

    /// One for each pass: from when, as the pass tells, until it expired or its holder left.
    pub(super) fn visits(&self) -> Vec<Visit> {
        let told_in_seconds = self.told_in_seconds();
        let mut asked: HashMap<(u32, Asked), UnixMs> = HashMap::new();
        let mut visits: BTreeMap<&str, Visit> = BTreeMap::new();
        for event in self.events {
            let first = *asked.entry((event.citizen, event.asked)).or_insert(event.sent);
            let Some(pass) = event.pass() else { continue };
            visits.entry(&pass.id).or_insert_with(|| {
                let told = pass.expires_at - self.course.bounds.pass_ttl_ms;
                // The latest time that the words allow, so that rounding accuses nobody.
                let latest = told + if told_in_seconds { SECOND_MS - 1 } else { 0 };
                let from = latest.min(event.answered).max(told);
                let (citizen, asked) = (event.citizen, first.max(told));
                Visit { citizen, from, asked, until: pass.expires_at }
            });
        }
        let mut visits: Vec<Visit> = visits.into_values().collect();
        for visit in &mut visits {
            let leaves = self
                .events
                .iter()
                .filter(|event| event.asked == Asked::Leave && event.citizen == visit.citizen);
            let left = leaves.map(|event| event.sent).min().unwrap_or(UnixMs::MAX);
            visit.until = visit.until.min(left);
        }
        visits.sort_by_key(|visit| visit.from);
        visits
    }

    pub(super) fn told_in_seconds(&self) -> bool {
        self.events
            .iter()
            .filter_map(Event::pass)
            .all(|pass| pass.expires_at.rem_euclid(SECOND_MS) == 0)
    }

    /// The visits between two losses of what only the store knew. One that may have begun before a loss
    /// is not counted after it.
    fn eras<'v>(&self, visits: &'v [Visit]) -> Vec<Vec<&'v Visit>> {
        let era = |visit: &Visit| {
            self.course.forgot.iter().filter(|forgot| **forgot <= visit.asked).count()
        };
        let eras = 0..=self.course.forgot.len();
        eras.map(|number| visits.iter().filter(|visit| era(visit) == number).collect()).collect()
    }
}
