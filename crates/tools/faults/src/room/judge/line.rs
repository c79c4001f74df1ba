//! The line: entries, places and their order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Run, SECOND_MS, touches};
use crate::clock::Span;
use crate::clock::UnixMs;
use crate::room::history::{Asked, Event, Standing, Told};

/// How old an instance's view of a living store may be. Two instances differ by as much.
const VIEW_AGE_MAX_MS: i64 = 1_000;

impl Run<'_> {
    pub(super) fn doubled_entries(&self) -> Vec<String> {
        let mut holders: BTreeMap<_, u32> = BTreeMap::new();
        let mut found = Vec::new();
        for event in self.issued() {
            let Some(state) = event.state() else { continue };
            let key = (state.lane.as_str(), state.epoch, state.entry);
            let holder = *holders.entry(key).or_insert(event.citizen);
            if holder != event.citizen {
                found.push(format!("{key:?}: citizens {holder} and {}", event.citizen));
            }
        }
        found
    }

    pub(super) fn overtaken(&self) -> Vec<String> {
        let away: Vec<Span> =
            self.course.away.iter().chain(&self.course.unknown).copied().collect();
        let calls: Vec<(UnixMs, &str, u64, u32)> = self
            .first_called()
            .into_values()
            .filter_map(|event| {
                let state = event.state()?;
                Some((event.answered, state.lane.as_str(), state.place?, event.citizen))
            })
            .collect();
        let mut found = Vec::new();
        for event in self.events.iter().filter(|event| event.is_poll()) {
            let Some(state) = event.state().filter(|state| state.standing == Standing::Waiting)
            else {
                continue;
            };
            let Some(place) = state.place.filter(|_| !touches(&away, event.span())) else {
                continue;
            };
            let earlier = away.iter().map(|span| span.until).filter(|until| *until < event.sent);
            let compared = earlier.max().unwrap_or(UnixMs::MIN)..=event.sent - VIEW_AGE_MAX_MS;
            let ahead = calls.iter().find(|(told, lane, called, _)| {
                compared.contains(told) && *lane == state.lane && *called > place
            });
            if let Some((told, _, called, citizen)) = ahead {
                found.push(format!(
                    "citizen {} waits at place {place} {} ms after citizen {citizen} at {called} was \
                     told of the call",
                    event.citizen,
                    event.sent - told
                ));
            }
        }
        found
    }

    pub(super) fn dishonoured(&self) -> Vec<String> {
        let mut passes: HashMap<u32, UnixMs> = HashMap::new();
        let mut left = HashSet::new();
        let mut entries: HashMap<u32, u64> = HashMap::new();
        let mut found = Vec::new();
        for event in self.events {
            if let Some(pass) = event.pass() {
                passes.entry(event.citizen).or_insert(pass.expires_at);
            }
            if let Some(state) = event.state() {
                let entry = *entries.entry(event.citizen).or_insert(state.entry);
                if entry != state.entry {
                    found.push(format!(
                        "citizen {} had entry {entry} and has {}",
                        event.citizen, state.entry
                    ));
                }
            }
            let has_left = left.contains(&event.citizen);
            if event.asked == Asked::Leave {
                left.insert(event.citizen);
            }
            let Told::Refused { status, code } = &event.told else { continue };
            let expired =
                passes.get(&event.citizen).is_some_and(|at| *at <= event.answered + SECOND_MS);
            let over = expired || has_left;
            let may_be = match (event.asked, *status, code.as_str()) {
                (_, 429 | 500.., _) | (Asked::Take, 409, "not-your-turn") => true,
                (Asked::Take, 409, "pass-used") => over && passes.contains_key(&event.citizen),
                (Asked::Leave, ..) => over,
                (Asked::Join | Asked::Poll | Asked::Take, ..) => false,
            };
            if !may_be && !touches(&self.course.unknown, event.span()) {
                let Event { citizen, asked, .. } = event;
                found.push(format!("citizen {citizen}, {asked:?}: {status} {code}"));
            }
        }
        found
    }

    pub(super) fn worsened(&self) -> Vec<String> {
        let mut best: HashMap<u32, (Standing, Option<u64>)> = HashMap::new();
        let mut found = Vec::new();
        for event in self.events {
            let Some(state) = event.state() else { continue };
            let (standing, place) =
                best.entry(event.citizen).or_insert((state.standing, state.place));
            let lost_place = match (*place, state.place) {
                (Some(had), Some(has)) => has > had,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if lost_place || state.standing < *standing {
                found.push(format!(
                    "citizen {} was {standing:?} at {place:?} and is {:?} at {:?}",
                    event.citizen, state.standing, state.place
                ));
            }
            *standing = state.standing.max(*standing);
            *place = state.place.or(*place);
        }
        found
    }
}
