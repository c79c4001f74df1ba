//! The page of somebody with a ticket: where they stand.

use ::web::Language;
use kernel::Timestamp;
use waiting_room::gate::estimate::{Estimate, Odds, Slowed};
use waiting_room::service::outcome::Answer;
use waiting_room::view::{Phase, Standing};

use super::document::{Fact, Page};
use super::door::{self, Sent};
use super::texts::{Texts, texts};
use super::visit::Visit;
use super::words;

/// The page for this answer. `is_inside` of somebody who has the pass and is led nowhere with it.
pub(super) fn page(visit: &Visit<'_>, answer: &Answer, is_inside: bool) -> Page {
    let (language, texts) = (visit.language, texts(visit.language));
    let until = |at: Timestamp| words::duration(at.since(answer.now).as_secs(), language);
    let waits = Page { refresh_s: Some(answer.poll_after_s), ..Page::default() };
    match answer.standing {
        Standing::Gathering { opens_at } => Page {
            heading: texts.gathering.to_owned(),
            lines: opens_at
                .map(|at| (texts.drawn_in)(&until(at)))
                .into_iter()
                .chain([texts.kept.to_owned()])
                .collect(),
            ..waits
        },
        Standing::Waiting { place, ahead, estimate } => Page {
            heading: texts.waiting.to_owned(),
            lines: while_waiting(answer.view.phase, &estimate, texts),
            facts: numbers(place, ahead, &estimate, language),
            ..waits
        },
        Standing::Called { .. } | Standing::Admitted if is_inside => Page {
            heading: texts.inside.to_owned(),
            lines: answer
                .claim_until
                .map(|end| (texts.inside_until)(&until(end)))
                .into_iter()
                .collect(),
            ..Page::default()
        },
        // Nothing is renewed under the hand of somebody who is about to press the button.
        Standing::Called { .. } | Standing::Admitted => Page {
            heading: texts.called.to_owned(),
            lines: called(answer.claim_until.map(until), texts),
            may_enter: true,
            ..Page::default()
        },
        Standing::Used { .. } => Page {
            heading: texts.used.to_owned(),
            lines: vec![texts.used_detail.to_owned()],
            door: Some(door::form(visit, &Sent::default(), &[])),
            ..Page::default()
        },
        Standing::Closed => door::closed(visit, answer.poll_after_s),
    }
}

fn called(claim_within: Option<String>, texts: &Texts) -> Vec<String> {
    let within = claim_within.map(|within| (texts.enter_within)(&within));
    vec![within.unwrap_or_else(|| texts.enter_now.to_owned())]
}

fn while_waiting(phase: Phase, estimate: &Estimate, texts: &Texts) -> Vec<String> {
    let sold_out = (phase == Phase::SoldOut).then_some(texts.sold_out);
    let slowed = estimate.slowed.map(|slowed| match slowed {
        Slowed::Paused => texts.paused,
        Slowed::BookingSlow => texts.slow,
        Slowed::PlacesShort => texts.short,
    });
    let odds = estimate.odds.map(|odds| match odds {
        Odds::Likely => texts.likely,
        Odds::Possible => texts.possible,
        Odds::Unlikely => texts.unlikely,
    });
    let lines = [sold_out, slowed, odds, Some(texts.kept)];
    lines.into_iter().flatten().map(str::to_owned).collect()
}

/// Places are counted from 0, which nobody does who stands in line.
fn numbers(place: u64, ahead: u64, estimate: &Estimate, language: Language) -> Vec<Fact> {
    let texts = texts(language);
    let wait = estimate.wait.map(|wait| words::range(wait.low_s, wait.high_s, language));
    let facts = [
        Some((texts.place, words::number(place + 1, language))),
        Some((texts.ahead, words::number(ahead, language))),
        wait.map(|wait| (texts.wait, wait)),
    ];
    facts.into_iter().flatten().map(|(name, value)| Fact { name, value }).collect()
}
