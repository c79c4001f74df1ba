//! How a room stands, as one instance sees it for long enough to say so.

use std::time::Duration;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ailment, What};
use crate::view::{Phase, RoomView};

/// What the operator does is seen by all instances within a second.
const PAUSE_SETTLES: Duration = Duration::from_secs(2);
/// At the end of a campaign each hold that ends is a place for a moment.
const PLACES_SETTLE: Duration = Duration::from_secs(30);
/// What gets well by itself is nothing to wake anybody for.
const HEALTH_SETTLES: Duration = Duration::from_secs(30);

/// A store that has not answered for so long is silent.
pub const SILENT_AFTER: Duration = Duration::from_secs(30);

/// A report that is older comes late.
const REPORT_LATE_AFTER: Duration = Duration::from_mins(1);
/// People who were called have had time to come after this …
const TIME_TO_COME: Duration = Duration::from_mins(2);
/// … and if so many had it and none came, something is wrong.
const CALLED_MIN: u64 = 20;

/// How a room stands. What is `None` is not settled, and says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The store's time when the instance saw it.
    pub(super) as_of: Timestamp,
    /// Openings whose draw was held.
    opened: u16,
    is_paused: Option<bool>,
    is_sold_out: Option<bool>,
    health: Option<Health>,
}

/// Whether a room is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    #[default]
    Well,
    Ill(Ailment),
}

impl Seen {
    /// Of a room so many of whose openings were held by then; nothing else is settled.
    #[must_use]
    pub fn opened(opened: u16, as_of: Timestamp) -> Self {
        Self { as_of, opened, ..Self::default() }
    }

    /// What has happened between this and what is seen now. Openings come first.
    pub(super) fn happened(&self, now: &Self) -> Vec<What> {
        let openings = (self.opened..now.opened).map(|opening| What::Opened { opening });
        let paused = changed(self.is_paused, now.is_paused)
            .map(|is_paused| if is_paused { What::Paused } else { What::Resumed });
        let sold_out = changed(self.is_sold_out, now.is_sold_out)
            .map(|is_sold_out| if is_sold_out { What::SoldOut } else { What::PlacesBack });
        let health = changed(self.health, now.health).map(|health| match health {
            Health::Well => What::Healthy,
            Health::Ill(reason) => What::Unhealthy { reason },
        });
        openings.chain(paused).chain(sold_out).chain(health).collect()
    }

    /// This with all that is known now.
    pub(super) fn updated(&self, now: &Self) -> Self {
        Self {
            as_of: now.as_of,
            opened: self.opened.max(now.opened),
            is_paused: now.is_paused.or(self.is_paused),
            is_sold_out: now.is_sold_out.or(self.is_sold_out),
            health: now.health.or(self.health),
        }
    }
}

/// What is new. Before anything was known, rooms go on, have places and are well.
fn changed<T: Copy + Default + PartialEq>(known: Option<T>, now: Option<T>) -> Option<T> {
    now.filter(|now| *now != known.unwrap_or_default())
}

/// How long one thing has been as it is.
#[derive(Clone, Copy, Debug)]
struct Steady<T> {
    seen: Option<(T, Timestamp)>,
}

impl<T> Default for Steady<T> {
    fn default() -> Self {
        Self { seen: None }
    }
}

impl<T: Copy + PartialEq> Steady<T> {
    /// What is seen, if it has been so for `long`.
    fn look(&mut self, seen: T, now: Timestamp, long: Duration) -> Option<T> {
        let since = match self.seen {
            Some((known, since)) if known == seen => since,
            Some(_) | None => now,
        };
        self.seen = Some((seen, since));
        (now >= since.plus(long)).then_some(seen)
    }
}

/// One instance's look at one room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    paused: Steady<bool>,
    sold_out: Steady<bool>,
    health: Steady<Health>,
}

impl Watch {
    /// Looks at the room: how it stands, as far as that has settled.
    pub fn look(&mut self, view: &RoomView) -> Seen {
        let now = view.as_of;
        let opened = view.line.draws().iter().map(|draw| draw.block.opening + 1).max();
        let is_over = view.phase == Phase::Closed;
        let is_paused = view.state.memory.live.paused && !is_over;
        let is_sold_out = view.phase == Phase::SoldOut;
        // While it is paused, or gathers for new places, nobody can tell.
        let tells_places = matches!(view.phase, Phase::Open | Phase::SoldOut);
        let sold_out = self.sold_out.look(is_sold_out, now, PLACES_SETTLE);
        Seen {
            as_of: now,
            opened: opened.unwrap_or(0),
            is_paused: self.paused.look(is_paused, now, PAUSE_SETTLES),
            is_sold_out: sold_out.filter(|_| tells_places),
            health: self.health.look(health(view), now, HEALTH_SETTLES),
        }
    }
}

fn health(view: &RoomView) -> Health {
    let is_in_use = !matches!(view.phase, Phase::Announced | Phase::Closed);
    let report = view.state.report.filter(|_| is_in_use);
    if report.is_some_and(|counts| view.as_of.since(counts.counted_at) > REPORT_LATE_AFTER) {
        Health::Ill(Ailment::ReportsLate)
    } else if is_in_use && nobody_comes(view) {
        Health::Ill(Ailment::NobodyComes)
    } else {
        Health::Well
    }
}

fn nobody_comes(view: &RoomView) -> bool {
    let RoomView { as_of, state, .. } = view;
    // In a paused room nobody can come.
    if state.memory.live.paused {
        return false;
    }
    let had_time = state.ledger.steps.iter().filter(|step| step.at.plus(TIME_TO_COME) <= *as_of);
    let (called, came) = had_time.fold((0_u64, 0_u64), |(called, came), step| {
        let came_of_step = state.came.get(&step.number).copied().unwrap_or(0);
        (called + step.invited, came + came_of_step)
    });
    called >= CALLED_MIN && came == 0
}
