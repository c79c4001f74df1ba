//! What one instance knows of a room, renewed a few times a second: all that status and polls need.

mod standing;

use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;

use crate::draw::DrawKey;
use crate::gate::reach::Reach;
use crate::gate::{self, Bound, GateLevers, GateReading, Ledger, Report};
use crate::lane::{Lane, PerLane};
use crate::line::ticket::Ticket;
use crate::line::{Line, Position};
use crate::poll::{Outlook, PollBounds, poll_after_ms};
use crate::schedule::{Schedule, ScheduledOpening};
use crate::settings::{PollSettings, RoomSettings};
use crate::state::{Counts, RoomState};
use crate::store::Call;
pub use standing::Standing;

/// A count of places that is older says nothing about whether there are any.
const COUNT_AGE_MAX: Duration = Duration::from_mins(1);

/// What a room does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It exists; nobody can join yet.
    Announced,
    /// Arrivals gather for a draw.
    Gathering,
    /// Places are called.
    Open,
    /// The operator has paused it: nobody is called for the moment.
    Paused,
    /// All released places are taken at the moment; some may come back, or be released later.
    SoldOut,
    /// It is over.
    Closed,
}

/// A room as one instance sees it.
#[derive(Clone, Debug)]
pub struct RoomView {
    /// Grows with every renewal in this instance.
    pub generation: u64,
    /// The store's time of the renewal.
    pub as_of: Timestamp,
    /// The room's settings.
    pub settings: Arc<RoomSettings>,
    /// The state the store had, with what this instance knows besides.
    pub state: RoomState,
    /// The line that follows.
    pub line: Line,
    /// When it opens.
    pub schedule: Schedule,
    /// What the room does.
    pub phase: Phase,
    calls_per_minute: Option<u64>,
    prospects: gate::estimate::Outlook,
}

/// What the gate wants.
pub struct Decision {
    /// The move to make; `None` if nothing changes.
    pub call: Option<Call>,
    /// What keeps it from calling more.
    pub bound: Bound,
}

impl RoomView {
    /// The view of `state` at `as_of`.
    #[must_use]
    pub fn new(
        settings: Arc<RoomSettings>,
        draw_key: &DrawKey,
        state: RoomState,
        as_of: Timestamp,
        generation: u64,
    ) -> Self {
        let line = Line::new(&settings, draw_key, &state.memory);
        let schedule = Schedule::new(&settings, &state.memory.live, &state.memory.frozen);
        let phase = phase(&settings, &schedule, &state, &line, as_of);
        let (rules, levers) = (settings.gate_rules(), levers(&state));
        let (calls_per_minute, prospects) = {
            let reading = reading(&settings, &schedule, &state, &line, as_of);
            let ledger = &state.ledger;
            (
                gate::estimate::calls_per_minute(&levers, &reading, ledger),
                gate::estimate::Outlook::new(&rules, &levers, &reading, ledger),
            )
        };
        Self {
            generation,
            as_of,
            settings,
            state,
            line,
            schedule,
            phase,
            calls_per_minute,
            prospects,
        }
    }

    /// What the gate wants, given this view.
    #[must_use]
    pub fn decide(&self) -> Decision {
        let known = &self.state.ledger;
        let (rules, levers) = (self.settings.gate_rules(), levers(&self.state));
        let reading = reading(&self.settings, &self.schedule, &self.state, &self.line, self.as_of);
        let decided = gate::decide(&rules, &levers, &reading, known);
        let ledger = decided.ledger.or_else(|| {
            let is_far_off = is_far_off(self.state.express, decided.express);
            is_far_off.then(|| Ledger { version: known.version + 1, ..known.clone() })
        });
        let call = ledger.map(|ledger| Call {
            called: decided.called,
            ledger,
            express: decided.express,
            express_behind: reading.gathering.then(|| reading.places[Lane::Public]),
        });
        Decision { call, bound: decided.bound }
    }

    /// The next opening.
    #[must_use]
    pub fn next_opening(&self) -> Option<(usize, &ScheduledOpening)> {
        self.schedule.next(self.as_of)
    }

    /// The place of a ticket, once it has one.
    #[must_use]
    pub fn place(&self, ticket: &Ticket) -> Option<u64> {
        match self.position(ticket) {
            Position::Place(place) => Some(place),
            Position::Gathering { .. } => None,
        }
    }

    /// Where the ticket stands.
    #[must_use]
    pub fn standing(&self, ticket: &Ticket) -> Standing {
        if self.phase == Phase::Closed {
            return Standing::Closed;
        }
        if let Some(ends_at) = ticket.pass_ends_at {
            if ends_at <= self.as_of {
                return Standing::Used { place: self.place(ticket) };
            }
            // Whoever has a pass is in, though the place may not be called.
            if !self.is_called(ticket) {
                return Standing::Admitted;
            }
        }
        match self.position(ticket) {
            Position::Gathering { opening } => {
                Standing::Gathering { opens_at: self.schedule.opens_at(opening.into()) }
            }
            Position::Place(place) => {
                let called = self.state.memory.called[ticket.lane];
                match place.checked_sub(called) {
                    None => Standing::Called { place },
                    Some(ahead) => {
                        let estimate = self.prospects.estimate(ticket.lane, ahead);
                        Standing::Waiting { place, ahead, estimate }
                    }
                }
            }
        }
    }

    /// Whether its place is called.
    #[must_use]
    pub fn is_called(&self, ticket: &Ticket) -> bool {
        let called = self.state.memory.called[ticket.lane];
        self.phase != Phase::Closed && self.place(ticket).is_some_and(|place| place < called)
    }

    /// Until when whoever may take the pass is expected to: the end of the pass, if it was given out, else
    /// that of the claim window. `None` if that is over, and for all who may not.
    #[must_use]
    pub fn claim_until(&self, ticket: &Ticket, standing: Standing) -> Option<Timestamp> {
        let place = match standing {
            Standing::Called { place } => Some(place),
            Standing::Admitted => None,
            Standing::Gathering { .. }
            | Standing::Waiting { .. }
            | Standing::Used { .. }
            | Standing::Closed => return None,
        };
        let expected_for = Duration::from_secs(self.settings.gate_rules().expected_for_s().into());
        let called_at = || self.state.ledger.called_at(ticket.lane, place?);
        let until = ticket.pass_ends_at.or_else(|| Some(called_at()?.plus(expected_for)));
        until.filter(|until| *until > self.as_of)
    }

    /// Nobody has a place before the first draw, also while the start of its gathering is not known.
    fn position(&self, ticket: &Ticket) -> Position {
        let is_early = self.schedule.opens_at(0).is_none_or(|first| self.as_of < first);
        if is_early && !self.line.has_begun() {
            return Position::Gathering { opening: 0 };
        }
        self.line.position(ticket)
    }

    /// How many places could still be given away; `None` as long as nobody has counted since the last
    /// opening, or for a while. That none is left of earlier places is no news to those who gather for
    /// new ones.
    #[must_use]
    pub fn places_left(&self) -> Option<u32> {
        let counts = known_counts(&self.schedule, &self.state, self.as_of)?;
        let says_nothing = self.phase == Phase::Gathering && counts.places_left == 0;
        (!says_nothing).then_some(counts.places_left)
    }

    /// Of a hundred people whom the gate calls, how many come within the claim window, as measured: as a share of one.
    #[must_use]
    pub fn show_rate(&self) -> f64 {
        self.state.ledger.show_rate.share(self.settings.gate_rules().expected_for_s())
    }

    /// How many people wait, in all lanes: those that gather and those that have a place.
    #[must_use]
    pub fn people_waiting(&self) -> u64 {
        let memory = &self.state.memory;
        memory.entered.zip(&memory.called, u64::saturating_sub).total()
    }

    /// When the holder of a ticket should ask again, in whole seconds: spread over what the instances can
    /// answer, and differently each time. `random` is fresh for every reply.
    #[must_use]
    pub fn poll_after_s(&self, standing: Standing, polls_per_s_max: u32, random: u64) -> u32 {
        let outlook = match standing {
            Standing::Gathering { opens_at } => self.until(opens_at),
            Standing::Waiting { ahead, .. } => self.outlook(ahead),
            Standing::Called { .. } | Standing::Admitted => Outlook::Called,
            Standing::Used { .. } | Standing::Closed => Outlook::Still,
        };
        let PollSettings { min_s, max_s } = self.settings.polling;
        let bounds = PollBounds { min_s, max_s, polls_per_s_max };
        let after_ms = poll_after_ms(outlook, self.people_waiting(), bounds, random);
        u32::try_from(after_ms.div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    fn outlook(&self, ahead: u64) -> Outlook {
        match (self.phase, self.calls_per_minute, self.next_opening()) {
            (Phase::Open, Some(calls_per_minute), _) => Outlook::Moving { ahead, calls_per_minute },
            (_, _, Some((_, next))) => self.until(next.opens_at),
            (_, _, None) => Outlook::Still,
        }
    }

    /// What happens to all at this instant; nobody knows when, if it is held back.
    fn until(&self, opens_at: Option<Timestamp>) -> Outlook {
        opens_at.map_or(Outlook::Still, |at| Outlook::Instant(at.since(self.as_of)))
    }

    /// When a spectator without a ticket should ask again.
    #[must_use]
    pub fn status_poll_after_s(&self) -> u32 {
        self.settings.polling.min_s
    }

    /// What the estimates of all who wait are made from.
    #[must_use]
    pub const fn prospects(&self) -> &gate::estimate::Outlook {
        &self.prospects
    }

    /// How far the gate may come within a time.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::of(&levers(&self.state))
    }
}

/// Whether the quota is worth a move of its own: too large, or so small that it would soon be used up.
const fn is_far_off(quota: u32, wanted: u32) -> bool {
    quota > wanted || quota < wanted.div_ceil(2)
}

impl From<Counts> for Report {
    fn from(counts: Counts) -> Self {
        Self {
            counted_at: counts.counted_at,
            places_left: counts.places_left.into(),
            held_passes: counts.held_passes.into(),
            held_seats: counts.held_seats.into(),
            queue_depth: counts.queue_depth.into(),
            queue_depth_max: counts.queue_depth_max.into(),
        }
    }
}

fn levers(state: &RoomState) -> GateLevers {
    let live = &state.memory.live;
    GateLevers {
        paused: live.admits_nobody(),
        pace_per_minute: live.pace_per_minute,
        burst: live.burst,
        max_active: live.max_active,
        shares: live.shares,
    }
}

fn reading<'a>(
    settings: &RoomSettings,
    schedule: &Schedule,
    state: &'a RoomState,
    line: &Line,
    now: Timestamp,
) -> GateReading<'a> {
    GateReading {
        now,
        places: line.places(&state.memory.entered),
        called: state.memory.called,
        active: state.active,
        active_fresh: state.active_fresh,
        came: &state.came,
        admission_tat_us: state.admission_tat_us,
        report: state.report.map(Report::from),
        last_opening: schedule.last(now),
        gathering: line.gathers_for().is_some(),
        open: line.is_drawn() && !is_over(settings, state, now),
    }
}

/// What the booking API counted, if that says anything about now. Before the first places are released
/// it counts none; that is no news.
fn known_counts(schedule: &Schedule, state: &RoomState, now: Timestamp) -> Option<Counts> {
    let counts = state.report?;
    let is_after_opening = schedule.last(now).is_some_and(|at| counts.counted_at >= at);
    (is_after_opening && now.since(counts.counted_at) <= COUNT_AGE_MAX).then_some(counts)
}

/// Whether the room is over, because its time is up or the operator has closed it.
fn is_over(settings: &RoomSettings, state: &RoomState, now: Timestamp) -> bool {
    now >= settings.closes_at || state.memory.live.closed
}

fn phase(
    settings: &RoomSettings,
    schedule: &Schedule,
    state: &RoomState,
    line: &Line,
    now: Timestamp,
) -> Phase {
    let counts = known_counts(schedule, state, now);
    let none_left = counts.is_some_and(|counts| counts.places_left == 0);
    if is_over(settings, state, now) {
        Phase::Closed
    } else if !line.has_begun() {
        Phase::Announced
    } else if line.gathers_for().is_some() && (!line.is_drawn() || none_left) {
        Phase::Gathering
    } else if state.memory.live.paused {
        Phase::Paused
    } else if none_left {
        Phase::SoldOut
    } else {
        Phase::Open
    }
}

/// Everybody who is in a room, by lane.
#[must_use]
pub fn in_line(view: &RoomView) -> PerLane<u64> {
    let memory = &view.state.memory;
    view.line.places(&memory.entered).zip(&memory.called, u64::saturating_sub)
}

#[cfg(test)]
mod tests;
