//! Whether the promises were kept, judged afterwards from what clients were told and from nothing
//! else. Each rule is a function of the events and of the course of the run.

mod admission;
mod answers;
mod line;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use crate::clock::Span;
use crate::room::course::Course;
use crate::room::history::{Asked, Event, Standing};
use crate::verdict::Verdict;
use crate::waits::Wait;

/// Passes told in whole seconds may have been given this much later or earlier than they say.
const SECOND_MS: i64 = 1_000;
/// A run with less of it shows nothing.
const ENOUGH: Counts = Counts { joined: 50, called: 20, passes: 20, polls: 200, poll_p99_ms: 0 };
/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tickets issued.
    pub joined: usize,
    /// People who learnt that they were called.
    pub called: usize,
    /// Different passes.
    pub passes: usize,
    /// Polls answered.
    pub polls: usize,
    /// Of the polls that count, by the product's own doing.
    pub poll_p99_ms: i64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { joined, called, passes, polls, poll_p99_ms } = self;
        write!(
            f,
            "{joined} tickets, {called} called, {passes} passes, {polls} polls, p99 {poll_p99_ms} ms"
        )
    }
}

/// Judges a run. `events` come in the order of the replies.
pub fn judge(course: &Course, events: &[Event]) -> Verdict<Counts> {
    let run = Run { course, events };
    let seen = run.counts();
    let mut verdict = Verdict::of(seen);
    let mut rule = |promise, found| verdict.rule(promise, found);
    rule("P8: no entry is issued twice", run.doubled_entries());
    rule("P9, P17: one subject has one pass id", run.doubled_passes());
    rule("P10: nobody is overtaken", run.overtaken());
    rule("P11: admissions keep to the pace", run.above_pace());
    rule("P11: no more than max_active have a pass", run.above_max_active());
    rule("P11: a pass is valid when it is given", run.dead_passes());
    rule("P12: a ticket is honoured", run.dishonoured());
    rule("P12: a place never gets worse", run.worsened());
    rule("P12: whoever is called gets in", run.kept_out());
    rule("P13: polls are answered", run.unanswered_polls());
    rule("P13: polls are answered within 200 ms (p99)", run.slow_polls(seen));
    rule("P14: nothing is left unanswered", run.left_unanswered());
    rule("P14: citizens are answered within 1 s (p99) under attack", run.slow_under_attack());
    rule("P18: calls go on within 10 s of the end of a fault", run.late_calls());
    rule("the run shows something", too_little(seen));
    rule("the run goes through, and no instance needs a restart", course.troubles.clone());
    verdict
}

fn too_little(seen: Counts) -> Vec<String> {
    let enough = seen.joined >= ENOUGH.joined
        && seen.called >= ENOUGH.called
        && seen.passes >= ENOUGH.passes
        && seen.polls >= ENOUGH.polls;
    if enough { Vec::new() } else { vec![format!("{seen:?} is less than {ENOUGH:?}")] }
}

struct Run<'a> {
    course: &'a Course,
    /// By the time of the reply.
    events: &'a [Event],
}

impl Event {
    fn span(&self) -> Span {
        Span { from: self.sent, until: self.answered }
    }

    fn is_poll(&self) -> bool {
        self.asked == Asked::Poll
    }
}

impl Run<'_> {
    fn counts(&self) -> Counts {
        let mut latencies = self.poll_latencies();
        let poll_p99_ms = p99(&mut latencies);
        Counts {
            joined: self.issued().count(),
            called: self.first_called().len(),
            passes: self.visits().len(),
            polls: self
                .events
                .iter()
                .filter(|event| event.is_poll() && event.state().is_some())
                .count(),
            poll_p99_ms,
        }
    }

    fn issued(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.asked == Asked::Join && event.state().is_some())
    }

    /// The first reply that told each person of the call.
    fn first_called(&self) -> BTreeMap<u32, &Event> {
        let mut first = BTreeMap::new();
        for event in self.events {
            if event.state().is_some_and(|state| state.standing == Standing::Called) {
                first.entry(event.citizen).or_insert(event);
            }
        }
        first
    }

    /// Whether the instance that was asked was meant to be there.
    fn was_up(&self, event: &Event) -> bool {
        let mut down = self.course.down.iter();
        !down.any(|(instance, span)| *instance == event.instance && span.overlaps(event.span()))
    }

    fn poll_latencies(&self) -> Vec<i64> {
        self.events
            .iter()
            .filter(|event| event.is_poll() && event.state().is_some() && self.was_up(event))
            .filter(|event| !touches(&self.course.slow, event.span()))
            .filter(|event| !touches(&self.course.attacked, event.span()))
            .map(|event| self.latency_ms(event))
            .collect()
    }

    /// Without the time that the instance and the crowd stood in line for a processor.
    fn latency_ms(&self, event: &Event) -> i64 {
        let of_machine = |wait: &&Wait| wait.instance.is_none_or(|index| index == event.instance);
        let waits = self.course.waits.iter().filter(of_machine);
        let waited: i64 = waits.map(|wait| wait.span.shared_ms(event.span()).min(wait.ms)).sum();
        (event.answered - event.sent - waited).max(0)
    }
}

/// The 99th percentile; 0 of nothing.
fn p99(latencies_ms: &mut [i64]) -> i64 {
    latencies_ms.sort_unstable();
    let rank = (latencies_ms.len() * 99).div_ceil(100).saturating_sub(1);
    latencies_ms.get(rank).copied().unwrap_or_default()
}

fn touches(spans: &[Span], span: Span) -> bool {
    spans.iter().any(|other| other.overlaps(span))
}
