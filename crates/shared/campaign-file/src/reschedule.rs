//! The same campaign at another time, as a demonstration or a rehearsal needs it.

use std::time::Duration;

use jiff::tz::TimeZone;
use kernel::Timestamp;

use crate::places::slot_id;
use crate::{CampaignFile, Waitlist};

const DAY_S: u64 = 86_400;

impl CampaignFile {
    /// The same campaign with its first opening at `first_opening` and the others following at
    /// intervals of `spacing` (at least one second).
    ///
    /// The result is as consistent as a parsed file. People gather as long before each opening as
    /// before, but not before the previous one; the waitlist keeps its distance from the opening it
    /// follows, and stops as long before the close as before. Slots and close move by whole days, so their times of day and the slot ids still
    /// agree, to the same number of days after the first opening, or later if the close would
    /// otherwise not be after every opening.
    #[must_use]
    pub fn reschedule(&self, first_opening: Timestamp, spacing: Duration) -> Self {
        let mut campaign = self.clone();
        let spacing = spacing.max(Duration::from_secs(1));
        let mut opens_at = first_opening;
        let mut previous: Option<Timestamp> = None;
        for tranche in &mut campaign.tranches {
            let lead = tranche.opens_at.since(tranche.gathers_from);
            let gathers_from = opens_at.minus(lead);
            tranche.gathers_from = previous.map_or(gathers_from, |at| gathers_from.max(at));
            tranche.opens_at = opens_at;
            previous = Some(opens_at);
            opens_at = opens_at.plus(spacing);
        }
        campaign.waitlist = self.waitlist.map(|waitlist| Waitlist {
            opens_at: waitlist.opens_at.map(|opens_at| self.follow(&campaign, opens_at)),
            ..waitlist
        });
        self.move_days(&mut campaign, first_opening);
        campaign
    }

    /// Where `at` belongs in `moved`: as long after the opening it follows as before.
    fn follow(&self, moved: &Self, at: Timestamp) -> Timestamp {
        let pairs = self.tranches.iter().zip(&moved.tranches);
        let followed = pairs.rev().find(|(old, _)| old.opens_at <= at);
        match followed {
            Some((old, new)) => new.opens_at.plus(at.since(old.opens_at)),
            None => moved.opens_at().minus(self.opens_at().since(at)),
        }
    }

    fn move_days(&self, moved: &mut Self, first_opening: Timestamp) {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let mut days = days_between(self.opens_at(), first_opening, &zone);
        let last_opening = moved.tranches.last().map_or(first_opening, |last| last.opens_at);
        let waitlist =
            moved.waitlist.and_then(|waitlist| waitlist.opens_at).unwrap_or(last_opening);
        let open_until = last_opening.max(waitlist);
        let closes_at = plus_days(self.closes_at, days, &zone);
        if closes_at <= open_until {
            // One day more than needed, as a day on which the clocks are put forward is short.
            let missing = open_until.since(closes_at).as_secs() / DAY_S + 2;
            days = days.saturating_add(i32::try_from(missing).unwrap_or(i32::MAX));
        }
        moved.closes_at = plus_days(self.closes_at, days, &zone);
        if let Some(waitlist) = &mut moved.waitlist {
            waitlist.stops_at = waitlist.stops_at.map(|at| plus_days(at, days, &zone));
        }
        for slot in &mut moved.slots {
            slot.starts_at = plus_days(slot.starts_at, days, &zone);
            slot.ends_at = plus_days(slot.ends_at, days, &zone);
            let id = zoned(slot.starts_at, &zone)
                .and_then(|starts| slot_id(&slot.site, starts.datetime()).ok());
            // At the ends of time there is no such day, and the slot has not moved either.
            slot.id = id.unwrap_or_else(|| slot.id.clone());
        }
    }
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<jiff::Zoned> {
    let instant = jiff::Timestamp::from_millisecond(at.unix_ms()).ok()?;
    Some(instant.to_zoned(zone.clone()))
}

/// Calendar days from one instant to another, in the time zone.
fn days_between(from: Timestamp, to: Timestamp, zone: &TimeZone) -> i32 {
    let date = |at| zoned(at, zone).map(|zoned| zoned.date());
    let span = date(from).zip(date(to)).and_then(|(from, to)| from.until(to).ok());
    span.map_or(0, |span| span.get_days())
}

/// The same time of day `days` later; unchanged at the ends of time.
fn plus_days(at: Timestamp, days: i32, zone: &TimeZone) -> Timestamp {
    let moved = zoned(at, zone).and_then(|zoned| {
        let span = jiff::Span::new().try_days(days).ok()?;
        zoned.checked_add(span).ok()
    });
    moved.map_or(at, |moved| Timestamp::from_unix_ms(moved.timestamp().as_millisecond()))
}
