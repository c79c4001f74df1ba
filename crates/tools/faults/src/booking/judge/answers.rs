//! Answers: whether they came, in time, and said something sensible.

use std::collections::HashSet;

use super::Run;
use crate::booking::history::{Asked, Event, IDLE_TOO_LONG, Told};
use crate::booking::stage::DRAIN_MS;
use crate::clock::UnixMs;

/// Anything is answered within this, if only by a refusal: a call of the database is given up after five
/// seconds.
const REPLY_MAX_MS: i64 = 6_000;
/// From the end of a fault until all is as before.
const REPAIR_MAX_MS: i64 = 10_000;
/// While another instance is in trouble an instance writes at least this often.
const STANDSTILL_MAX_MS: i64 = 6_000;
/// Where nothing is wrong but the manners of others, nobody waits longer, on a slow disk.
const CALM_REPLY_MAX_MS: i64 = 2_000;
/// Nobody waits longer for a refusal where the database says at once that it cannot.
const REFUSAL_MAX_MS: i64 = 2_500;
/// What was sent so long before an instance stopped to listen has arrived there.
const ARRIVES_WITHIN_MS: i64 = 200;
/// What somebody may be refused for good who has a pass, a person and a hold of their own.
/// Of offers: that they have ended, whose place is another's, and those of an entry that has a booking.
const REFUSALS: &[&str] = &[
    "slot-full",
    "already-booked",
    "pass-exhausted",
    "hold-ended",
    "offer-expired",
    "offer-over",
    "place-gone",
];

impl Run<'_> {
    pub(super) fn left_unanswered(&self) -> Vec<String> {
        let up = self.events.iter().filter(|event| self.was_up(event));
        up.filter_map(|event| match &event.told {
            Told::Nothing { why } => Some(format!("{}: {why}", who(event))),
            Told::Booked(_)
            | Told::Held(..)
            | Told::Released
            | Told::Cancelled
            | Told::Moved(_)
            | Told::Shown(_)
            | Told::Joined(..)
            | Told::Entry(_)
            | Told::Declined
            | Told::Left
            | Told::Seen
            | Told::Refused { .. } => None,
        })
        .collect()
    }

    pub(super) fn slow(&self) -> Vec<String> {
        let up = self.events.iter().filter(|event| self.was_up(event));
        up.filter_map(|event| {
            let took_ms = self.latency_ms(event);
            (took_ms > REPLY_MAX_MS).then(|| format!("{}: after {took_ms} ms", who(event)))
        })
        .collect()
    }

    pub(super) fn without_retry_after(&self) -> Vec<String> {
        let events = self.events.iter();
        events
            .filter(|event| {
                matches!(
                    event.told,
                    Told::Refused { status: 429 | 503, has_retry_after: false, .. }
                )
            })
            .map(|event| format!("{}: {:?}", who(event), event.told))
            .collect()
    }

    /// Of what was asked for, and asked for again under the same name, the last answer counts.
    pub(super) fn never_answered(&self) -> Vec<String> {
        let definite: HashSet<_> = self
            .events
            .iter()
            .filter(|event| event.told.is_definite())
            .map(|event| (event.citizen, format!("{:?}", event.asked)))
            .collect();
        let mut found = HashSet::new();
        for event in self.events {
            let asked = (event.citizen, format!("{:?}", event.asked));
            if !definite.contains(&asked) {
                found.insert(format!("{}: {:?}", who(event), event.asked));
            }
        }
        found.into_iter().collect()
    }

    pub(super) fn senseless(&self) -> Vec<String> {
        let events = self.events.iter();
        events
            .filter(|event| match &event.told {
                Told::Refused { status, code, .. } => match *status {
                    IDLE_TOO_LONG | 429 | 503 => false,
                    409 if code == "request-in-progress" => false,
                    409 => !REFUSALS.contains(&code.as_str()),
                    _ => true,
                },
                Told::Booked(_)
                | Told::Held(..)
                | Told::Released
                | Told::Cancelled
                | Told::Moved(_)
                | Told::Shown(_)
                | Told::Joined(..)
                | Told::Entry(_)
                | Told::Declined
                | Told::Left
                | Told::Seen
                | Told::Nothing { .. } => false,
            })
            .map(|event| format!("{}, {:?}: {:?}", who(event), event.asked, event.told))
            .collect()
    }

    pub(super) fn late(&self) -> Vec<String> {
        let mut found = Vec::new();
        for heal in &self.course.heals {
            for instance in 0..self.course.instances {
                let mut after = self.written(instance).filter(|event| event.sent >= *heal);
                match after.next() {
                    Some(event) if event.answered <= heal + REPAIR_MAX_MS => {}
                    Some(event) => {
                        let took_ms = event.answered - heal;
                        found.push(format!("instance {instance} after {took_ms} ms"));
                    }
                    None => found.push(format!("instance {instance} never")),
                }
            }
        }
        found
    }

    pub(super) fn stopped(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (alone, span) in &self.course.alone {
            for instance in (0..self.course.instances).filter(|instance| instance != alone) {
                let written = self.written(instance).map(|event| event.answered);
                let during = written.filter(|at| span.from < *at && *at < span.until);
                let longest = longest_gap(span.from, span.until, during);
                if longest > STANDSTILL_MAX_MS {
                    found.push(format!("instance {instance} wrote nothing for {longest} ms"));
                }
            }
        }
        found
    }

    pub(super) fn harmed(&self) -> Vec<String> {
        let calm = |event: &&Event| {
            let mut spans = self.course.calm.iter();
            spans.any(|span| span.from <= event.sent && event.answered <= span.until)
        };
        let mut found = Vec::new();
        for event in self.events.iter().filter(calm) {
            let took_ms = self.latency_ms(event);
            if took_ms > CALM_REPLY_MAX_MS {
                found.push(format!("{}: after {took_ms} ms", who(event)));
            }
            if matches!(event.told, Told::Refused { status: 429.., .. }) {
                found.push(format!("{}: {:?}", who(event), event.told));
            }
        }
        found
    }

    pub(super) fn slowly_refused(&self) -> Vec<String> {
        let mut found = Vec::new();
        for event in self.events {
            let is_refusal = matches!(event.told, Told::Refused { status: 429.., .. });
            let mut spans = self.course.refusing.iter();
            let meanwhile =
                spans.any(|span| span.from <= event.sent && event.answered <= span.until);
            let took_ms = self.latency_ms(event);
            if is_refusal && meanwhile && took_ms > REFUSAL_MAX_MS {
                found.push(format!("{}: after {took_ms} ms", who(event)));
            }
        }
        found
    }

    /// What an instance was asked before it stopped to listen is answered, even after that.
    pub(super) fn dropped(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (instance, at) in &self.course.stops {
            let listens_until = at + DRAIN_MS - ARRIVES_WITHIN_MS;
            let asked = self.events.iter().filter(|event| {
                event.instance == *instance && event.sent < listens_until && *at < event.answered
            });
            let nothing = asked.filter(|event| matches!(event.told, Told::Nothing { .. }));
            found.extend(nothing.map(|event| format!("{}: {:?}", who(event), event.told)));
        }
        found
    }

    fn written(&self, instance: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.instance == instance && event.is_written())
    }
}

fn longest_gap(from: UnixMs, until: UnixMs, at: impl Iterator<Item = UnixMs>) -> i64 {
    let mut last = from;
    let mut longest = 0;
    for at in at.chain([until]) {
        longest = longest.max(at - last);
        last = at;
    }
    longest
}

fn who(event: &Event) -> String {
    let Event { citizen, instance, asked, .. } = event;
    let what = match asked {
        Asked::Book { .. } => "book",
        Asked::Hold { .. } => "hold",
        Asked::Confirm { .. } => "confirm",
        Asked::Release { .. } => "release",
        Asked::Cancel { .. } => "cancel",
        Asked::Move { .. } => "move",
        Asked::Show { .. } => "show",
        Asked::Join { .. } => "join",
        Asked::LookUp { .. } => "look up",
        Asked::Accept { .. } => "accept",
        Asked::Decline { .. } => "decline",
        Asked::Leave { .. } => "leave",
        Asked::Look => "look",
    };
    format!("citizen {citizen} at instance {instance}, {what}")
}
