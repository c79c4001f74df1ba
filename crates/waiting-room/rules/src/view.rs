//! What one instance knows of a room, renewed a few times a second: all that status and polls need.

use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use pass::PassId;

use crate::gate;
use crate::line::{Line, Position};
use crate::settings::{Opening, RoomSettings};
use crate::state::RoomState;

/// How far back the rate of calls is measured.
const RATE_WINDOW: Duration = Duration::from_mins(1);

/// What a room does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It exists; nobody can join yet.
    Announced,
    /// Arrivals gather for a draw.
    Gathering,
    /// Places are called.
    Open,
    /// All released places are taken at the moment; some may come back, or be released later.
    SoldOut,
    /// It is over.
    Closed,
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for a draw and has no place yet.
    Gathering {
        /// The instant of the draw.
        opens_at: Timestamp,
    },
    /// It stands in line.
    Waiting {
        /// Its place.
        place: u64,
        /// How many are called before it.
        ahead: u64,
        /// How long that will probably take; `None` while nothing moves.
        wait: Option<Wait>,
    },
    /// It may be redeemed.
    Called {
        /// Its place.
        place: u64,
    },
}

/// An estimated waiting time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// If it goes well.
    pub low_s: u64,
    /// If it goes slowly.
    pub high_s: u64,
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
    /// The state the store had.
    pub state: RoomState,
    /// The line that follows.
    pub line: Line,
    /// The phase that follows.
    pub phase: Phase,
    /// How many arrivals the gate lets in directly.
    pub express_max: u32,
    calls_per_minute: u64,
}

impl RoomView {
    /// The view of `state` at `as_of`.
    #[must_use]
    pub fn new(
        settings: Arc<RoomSettings>,
        state: RoomState,
        as_of: Timestamp,
        generation: u64,
    ) -> Self {
        let line = Line::new(&settings.room, &state.frozen);
        let phase = phase(&settings, &state, &line, as_of);
        let mut view = Self {
            generation,
            as_of,
            calls_per_minute: calls_per_minute(&settings, &state, as_of),
            settings,
            state,
            line,
            phase,
            express_max: 0,
        };
        view.express_max = view.decide(as_of).express_max;
        view
    }

    /// What the gate wants, given this view.
    #[must_use]
    pub fn decide(&self, now: Timestamp) -> gate::Decision {
        let places = self.line.places(self.state.entered);
        let open = !self.line.draws().is_empty() && self.phase != Phase::Closed;
        let mut decision = gate::decide(&self.settings.gate, &self.state, places, open, now);
        if self.line.is_gathering() {
            decision.express_max = 0;
        }
        decision
    }

    /// The next opening.
    #[must_use]
    pub fn next_opening(&self) -> Option<(usize, &Opening)> {
        self.settings.next_opening(self.as_of)
    }

    /// Where the ticket with this entry stands.
    #[must_use]
    pub fn standing(&self, entry: u64) -> Standing {
        match self.line.position(entry) {
            Position::Gathering { opening } => {
                Standing::Gathering { opens_at: self.settings.openings[opening].opens_at }
            }
            Position::Place(place) if place < self.state.called => Standing::Called { place },
            Position::Place(place) => {
                let ahead = place - self.state.called;
                Standing::Waiting { place, ahead, wait: self.wait(ahead) }
            }
        }
    }

    /// When the holder of ticket `id` should ask again. People who would otherwise come together are
    /// spread by their id, so that an opening is not followed by a wave of polls.
    #[must_use]
    pub fn poll_after_s(&self, standing: Standing, id: &PassId) -> u32 {
        let polling = self.settings.polling;
        let spread = u32::from(id.as_bytes()[0]) * polling.min_s / 256;
        let wanted_s = match standing {
            Standing::Gathering { opens_at } => opens_at.since(self.as_of).as_secs() + 1,
            Standing::Waiting { wait: Some(wait), .. } => wait.low_s / 2,
            Standing::Waiting { wait: None, .. } => self
                .next_opening()
                .map_or(u64::MAX, |(_, next)| next.opens_at.since(self.as_of).as_secs() + 1),
            Standing::Called { .. } => 0,
        };
        let wanted_s = u32::try_from(wanted_s).unwrap_or(u32::MAX);
        wanted_s.clamp(polling.min_s, polling.max_s) + spread
    }

    /// When a spectator without a ticket should ask again.
    #[must_use]
    pub fn status_poll_after_s(&self) -> u32 {
        self.settings.polling.min_s
    }

    fn wait(&self, ahead: u64) -> Option<Wait> {
        let moves = matches!(self.phase, Phase::Open) && self.calls_per_minute > 0;
        moves.then(|| Wait {
            low_s: (ahead * 60).div_ceil(self.calls_per_minute * 4 / 3 + 1),
            high_s: (ahead * 60).div_ceil(self.calls_per_minute * 2 / 3 + 1).max(1),
        })
    }
}

fn phase(settings: &RoomSettings, state: &RoomState, line: &Line, now: Timestamp) -> Phase {
    let none_left = state.places_left.is_some_and(|left| left.count == 0);
    if now >= settings.closes_at {
        Phase::Closed
    } else if line.boundaries() == 0 {
        Phase::Announced
    } else if line.is_gathering() && (line.draws().is_empty() || none_left) {
        Phase::Gathering
    } else if none_left {
        Phase::SoldOut
    } else {
        Phase::Open
    }
}

/// The rate of calls over the last minute; the configured pace before anybody was called.
fn calls_per_minute(settings: &RoomSettings, state: &RoomState, now: Timestamp) -> u64 {
    let from = now.minus(RATE_WINDOW);
    let steps = &state.ledger.steps;
    let older = steps.partition_point(|step| step.at <= from);
    let base = if older == 0 { state.ledger.claim_from } else { steps[older - 1].called };
    let Some(first) = steps.get(older) else { return u64::from(settings.gate.pace_per_minute) };
    let start = if older == 0 { first.at } else { from };
    let elapsed_ms = u64::try_from(now.since(start).as_millis()).unwrap_or(u64::MAX).max(5_000);
    (state.called.saturating_sub(base) * 60_000).div_ceil(elapsed_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{START, pass_id, room_settings};
    use crate::draw::DrawKey;
    use crate::state::{Frozen, PlacesLeft};

    fn frozen(entries: &[u64]) -> Vec<Frozen> {
        let room = room_settings("town").room;
        let secret = |index: usize| DrawKey::new(&[1; 32]).secret(&room, index / 2);
        entries
            .iter()
            .enumerate()
            .map(|(index, &entry)| Frozen {
                entry,
                at: START,
                secret: (index % 2 == 1).then(|| secret(index)),
            })
            .collect()
    }

    fn view(state: RoomState, s: i64) -> RoomView {
        let at = Timestamp::from_unix_s(START.unix_s() + s);
        RoomView::new(Arc::new(room_settings("town")), state, at, 0)
    }

    fn left(count: u32) -> PlacesLeft {
        PlacesLeft { count, as_of: START }
    }

    #[test]
    fn the_phase_follows_from_boundaries_places_and_clock() {
        let state = |frozen_at: &[u64], places_left| RoomState {
            frozen: frozen(frozen_at),
            places_left,
            ..RoomState::empty()
        };
        assert_eq!(view(state(&[], None), -4_000).phase, Phase::Announced);
        assert_eq!(view(state(&[0], None), -60).phase, Phase::Gathering);
        assert_eq!(view(state(&[0, 9], None), 1).phase, Phase::Open);
        assert_eq!(view(state(&[0, 9], Some(left(0))), 1).phase, Phase::SoldOut);
        assert_eq!(view(state(&[0, 9, 12], Some(left(0))), 1_900).phase, Phase::Gathering);
        assert_eq!(view(state(&[0, 9, 12], Some(left(3))), 1_900).phase, Phase::Open);
        assert_eq!(view(state(&[0, 9, 12, 20], Some(left(3))), 86_400).phase, Phase::Closed);
    }

    #[test]
    fn nobody_is_called_before_the_first_draw() {
        let state = RoomState { entered: 100, frozen: frozen(&[0]), ..RoomState::empty() };
        let gathering = view(state.clone(), -1);
        assert_eq!(gathering.decide(gathering.as_of).call_to, 0);
        let open = view(RoomState { frozen: frozen(&[0, 100]), ..state }, 0);
        assert_eq!(open.decide(open.as_of).call_to, 5);
    }

    #[test]
    fn a_ticket_gathers_waits_and_is_called() {
        let state = RoomState { entered: 100, frozen: frozen(&[0]), ..RoomState::empty() };
        assert!(
            matches!(view(state.clone(), -9).standing(7), Standing::Gathering { opens_at } if opens_at == START)
        );
        let open = RoomState { frozen: frozen(&[0, 10]), called: 12, ..state };
        let view = view(open, 9);
        assert!(matches!(view.standing(3), Standing::Called { place } if place < 10));
        assert!(matches!(view.standing(12), Standing::Waiting { place: 12, ahead: 0, .. }));
        assert!(matches!(
            view.standing(72),
            Standing::Waiting { place: 72, ahead: 60, wait: Some(Wait { low_s, high_s }) }
                if (30..=60).contains(&low_s) && (60..=120).contains(&high_s)
        ));
    }

    #[test]
    fn polls_stay_within_their_bounds_and_are_spread() {
        let view = view(RoomState { frozen: frozen(&[0]), ..RoomState::empty() }, -600);
        let far = view.standing(0);
        let early = PassId::from_bytes([0; 16]);
        let late = PassId::from_bytes([255; 16]);
        assert_eq!(view.poll_after_s(far, &early), 30);
        assert_eq!(view.poll_after_s(far, &late), 31);
        assert_eq!(view.poll_after_s(Standing::Called { place: 0 }, &early), 2);
        assert!(view.poll_after_s(far, &pass_id(1)) >= 30);
    }
}
