//! Whether the promises were kept, judged afterwards from what clients were told, from what the database holds
//! and from the letters that have arrived. Each rule is a function of these and of the course of the run.

mod answers;
mod chain;
mod effects;
mod letters;
mod offers;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::booking::course::Course;
use crate::booking::database::{BookingRow, Database};
use crate::booking::history::{Asked, Event, Told};
use crate::booking::post::Letter;
use crate::verdict::Verdict;
use crate::waits::Wait;

/// A run with fewer bookings shows nothing.
const BOOKED_ENOUGH: usize = 20;

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests for a place.
    pub attempts: usize,
    /// Different bookings that somebody was told of.
    pub booked: usize,
    /// Offers that became bookings.
    pub accepted: usize,
    /// Letters that have arrived, repetitions included.
    pub letters: usize,
    /// Requests that were put off.
    pub put_off: usize,
    /// Requests without a reply.
    pub unanswered: usize,
    /// The longest that a reply took, by the product's own doing.
    pub slowest_ms: i64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempts, booked, accepted, letters, put_off, unanswered, slowest_ms } = self;
        write!(
            f,
            "{attempts} attempts, {booked} booked, {accepted} of them by an offer, {letters} letters, \
             {put_off} put off, {unanswered} unanswered, slowest reply {slowest_ms} ms"
        )
    }
}

/// Judges a run. `events` come in the order of the replies, `letters` as they have arrived.
pub fn judge(
    course: &Course,
    events: &[Event],
    database: &Database,
    letters: &[Letter],
) -> Verdict<Counts> {
    let run = Run { course, events, database, letters };
    let seen = run.counts();
    let mut verdict = Verdict::of(seen);
    let mut rule = |promise, found| verdict.rule(promise, found);
    rule("P1: taken + reserved ≤ released ≤ capacity", run.oversold());
    rule("P1, P5, P7: places taken are those booked or held, each once", run.miscounted());
    rule("P2: what was answered 201 is in the database", run.lost());
    rule("P2: a booking stays as it was made", run.changed());
    rule("P3: one key, one reply", run.different_replies());
    rule("P3: nothing happens that nobody is told of", run.untold());
    rule("P4: one active booking for each person, or one entry that waits", run.booked_twice());
    rule("P4: nobody is told of two bookings for one person", run.told_twice());
    rule("P5: what was cancelled stays cancelled", run.still_confirmed());
    judge_offers(&run, &mut rule);
    rule("P6: what was moved is in its new slot and in no other", run.not_moved());
    rule("P7: a hold ends once", run.held_twice());
    rule("P9: a pass pays for its seats and no more", run.overspent());
    rule("the chain of events is whole", run.broken_chain());
    rule("events tell what the rows hold", run.mistold());
    judge_letters(&run, &mut rule);
    rule("P14: nothing is left unanswered", run.left_unanswered());
    rule("P14: every reply comes within 6 s", run.slow());
    rule("P14: a refusal for now says when to come back", run.without_retry_after());
    rule("P14: everybody gets a definite answer in the end", run.never_answered());
    rule("P14: a refusal makes sense", run.senseless());
    rule("P14: within 10 s of the end of a fault all instances write again", run.late());
    rule("P14: what cannot be written is refused at once", run.slowly_refused());
    rule("P14: what broke off leaves nothing behind", course.left_behind.clone());
    rule("P16: who is told to end answers first what it was asked", run.dropped());
    rule("P20: trouble of one instance stops no other", run.stopped());
    rule("P20: clients and mail servers that misbehave harm nobody", run.harmed());
    rule("the run shows something", too_little(seen));
    rule("the run goes through, and no instance needs a restart", course.troubles.clone());
    verdict
}

fn judge_offers(run: &Run<'_>, rule: &mut impl FnMut(&'static str, Vec<String>)) {
    rule("P5: who was told that they wait is on the waitlist", run.not_waiting());
    rule("P5: an offer ends once, as its row says", run.offers_mistold());
    rule("P5: an offer is accepted before its deadline, and expires after it", run.untimely());
    rule("P5: an answer to an offer is what became of it", run.answered_otherwise());
    rule("P5: no place is left over while somebody waits", run.database.places_not_offered());
}

fn judge_letters(run: &Run<'_>, rule: &mut impl FnMut(&'static str, Vec<String>)) {
    rule("P19: a letter that stands as sent has arrived", run.never_arrived());
    rule("P19: a letter that is due is sent, or failed for a reason", run.not_sent());
    rule("P19: a letter tells of something that has happened", run.unfounded());
    rule("P19: who has booked is told so, once", run.not_confirmed());
    rule("P19: a letter comes again only where its sender died, and is the same", run.repeated());
    rule("P19: a letter is tried once where nothing keeps it", run.tried_in_vain());
    rule("P19: a reminder comes when it is due, whatever the worker's clock says", run.ill_timed());
}

fn too_little(seen: Counts) -> Vec<String> {
    let enough = seen.booked >= BOOKED_ENOUGH;
    if enough { Vec::new() } else { vec![format!("{} bookings", seen.booked)] }
}

struct Run<'a> {
    course: &'a Course,
    /// By the time of the reply.
    events: &'a [Event],
    database: &'a Database,
    /// As they have arrived.
    letters: &'a [Letter],
}

impl<'a> Run<'a> {
    fn counts(&self) -> Counts {
        let is_attempt = |event: &&Event| {
            matches!(event.asked, Asked::Book { .. } | Asked::Confirm { .. } | Asked::Accept { .. })
        };
        let bookings: HashSet<&str> =
            self.events.iter().filter_map(Event::booked).map(|told| &*told.id).collect();
        let unanswered = |event: &&Event| matches!(event.told, Told::Nothing { .. });
        let told = self.events.iter().filter(|event| self.was_up(event));
        Counts {
            attempts: self.events.iter().filter(is_attempt).count(),
            booked: bookings.len(),
            accepted: self.database.offers.iter().filter(|row| row.state == "accepted").count(),
            letters: self.letters.len(),
            put_off: self
                .events
                .iter()
                .filter(|event| matches!(event.told, Told::Refused { status: 429.., .. }))
                .count(),
            unanswered: self.events.iter().filter(unanswered).count(),
            slowest_ms: told.map(|event| self.latency_ms(event)).max().unwrap_or_default(),
        }
    }

    /// Whether the instance that was asked was meant to be there.
    fn was_up(&self, event: &Event) -> bool {
        let mut down = self.course.down.iter();
        !down.any(|(instance, span)| *instance == event.instance && span.overlaps(event.span()))
    }

    /// Without the time that the instance and the crowd stood in line for a processor.
    fn latency_ms(&self, event: &Event) -> i64 {
        let of_machine = |wait: &&Wait| wait.instance.is_none_or(|index| index == event.instance);
        let waits = self.course.waits.iter().filter(of_machine);
        let waited: i64 = waits.map(|wait| wait.span.shared_ms(event.span()).min(wait.ms)).sum();
        (event.answered - event.sent - waited).max(0)
    }

    /// The rows of bookings by what their owners call them.
    fn rows(&self) -> HashMap<String, &'a BookingRow> {
        let rows = self.database.bookings.iter();
        rows.map(|row| (format!("booking_{}", row.id), row)).collect()
    }
}
