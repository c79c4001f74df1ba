//! The line: which entry stands at which place.
//!
//! An opening has two boundaries: the start of its gathering and the opening itself. When the clock
//! reaches one, the number of entries so far is frozen. That cuts the entries of a lane into blocks:
//!
//! ```text
//! entries   0 ────────── N₀ ─────────── M₁ ──────────── N₁ ─────────▶
//!             gathered:     in order of     gathered:      in order of
//!             drawn at 0    arrival         drawn at 1     arrival
//! ```
//!
//! An entry of a drawn block stands at the place that its subject's lot gives inside the block's own
//! range; any other stands at its own number. So an earlier block always goes first, and whoever was
//! not reached in one tranche keeps the place for the next. Several subjects of a block may share a
//! place; they are called in the same moment.

mod block;
pub mod ticket;
pub mod traces;

pub use block::Block;

use kernel::Timestamp;
use pass::Subject;

use crate::draw::{Digest, DrawKey, Secret, lot, place_in, seed};
use crate::lane::{Lane, PerLane};
use crate::memory::{Frozen, Memory};
use crate::schedule::Schedule;
use crate::settings::RoomSettings;
use ticket::Ticket;

/// The boundary of an opening's gathering or of the opening itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Its number in the room.
    pub index: u16,
    /// When it is due.
    pub at: Timestamp,
}

/// A draw that was held, with all that is needed to recompute it.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The block that was drawn.
    pub block: Block,
    /// When the draw was due: whoever came later was not in it.
    pub due_at: Timestamp,
    /// The revealed secret.
    pub secret: Secret,
    /// The public entropy that went in; empty where the room announced none.
    pub entropy: String,
    /// The seed that follows; `None` as long as the public entropy is awaited.
    pub seed: Option<Digest>,
}

impl Draw {
    /// The entries of all lanes together: N.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let Block { start, end, .. } = &self.block;
        PerLane::from_fn(|lane| end.entries[lane].saturating_sub(start.entries[lane])).total()
    }

    fn place(&self, lane: Lane, subject: &Subject) -> Option<u64> {
        let first = self.block.start.entries[lane];
        let entries = self.block.end.entries[lane].saturating_sub(first);
        Some(place_in(first, entries, lot(&self.seed?, subject.as_bytes())))
    }
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It waits for the draw of this opening.
    Gathering {
        /// The number of the opening.
        opening: u16,
    },
    /// It stands at this place.
    Place(u64),
}

/// The line of one room as far as it is frozen.
#[derive(Clone, Debug)]
pub struct Line {
    draws: Vec<Draw>,
    gathering: Option<(u16, PerLane<u64>)>,
    next_boundary: u16,
    /// The boundaries that are not frozen as far as is known, in their order.
    unknown: Vec<Boundary>,
    last_known: Option<u16>,
}

impl Line {
    /// The line of a room with this memory. O(openings).
    #[must_use]
    pub fn new(settings: &RoomSettings, key: &DrawKey, memory: &Memory) -> Self {
        let schedule = Schedule::new(settings, &memory.live, &memory.frozen);
        let openings = u16::try_from(settings.openings.len()).unwrap_or(u16::MAX / 2);
        let next_boundary = memory.next_boundary();
        let mut line = Self {
            draws: Vec::new(),
            gathering: None,
            next_boundary,
            unknown: traces::unknown_boundaries(&schedule, memory),
            last_known: memory.frozen.keys().next_back().copied(),
        };
        for opening in 0..openings {
            let frozen = |index: u16| memory.frozen.get(&index).copied();
            match (frozen(2 * opening), frozen(2 * opening + 1)) {
                (Some(start), Some(end)) => {
                    let block = Block { opening, start, end };
                    let due_at = schedule.opens_at(opening.into()).unwrap_or(end.at);
                    let entropy = memory.entropy.get(&opening);
                    line.draws.push(held(settings, key, block, due_at, entropy));
                }
                (Some(start), None) if line.gathering.is_none() => {
                    line.gathering = Some((opening, start.entries));
                }
                (Some(_) | None, _) => (),
            }
        }
        line
    }

    /// Where `ticket` stands. O(openings).
    ///
    /// A store issues nothing between the instant at which a boundary is due and its freezing. So a ticket that was
    /// issued later stands behind it, also for an instance that has not heard of the freezing yet.
    #[must_use]
    pub fn position(&self, ticket: &Ticket) -> Position {
        let drawn = self.draw_of(ticket);
        let is_news = |last: &&Boundary| self.last_known.is_none_or(|known| last.index > known);
        match self.behind(ticket).last().filter(is_news).filter(|_| drawn.is_none()) {
            Some(start) if start.index.is_multiple_of(2) => {
                Position::Gathering { opening: start.index / 2 }
            }
            Some(_end) => Position::Place(ticket.entry),
            None => self.position_in(drawn, ticket.lane, ticket.entry, &ticket.subject),
        }
    }

    /// The draw that the ticket took part in.
    ///
    /// A boundary that was lost and is drawn again may lie too far back until all who wait have shown their tickets
    /// ([`traces`]). Whoever was issued theirs after the draw was due is behind it all the same, unless the ticket
    /// proves that it was in it: that the opening had been moved may be forgotten.
    #[must_use]
    pub fn draw_of(&self, ticket: &Ticket) -> Option<&Draw> {
        let draw = self.block_of(ticket.lane, ticket.entry);
        draw.filter(|draw| {
            let is_proven = ticket.block.is_some_and(|block| block.opening == draw.block.opening);
            ticket.issued_at < draw.due_at || is_proven
        })
    }

    /// The boundaries, out of those that are not frozen as far as is known, that the ticket was issued after. Not those
    /// of the block that it proves it was drawn in, nor of earlier ones: they may have been moved.
    #[must_use]
    pub fn behind(&self, ticket: &Ticket) -> &[Boundary] {
        let first = ticket.block.map_or(0, |block| 2 * block.opening + 2);
        let proven = self.unknown.partition_point(|boundary| boundary.index < first);
        let count = self.unknown.partition_point(|boundary| boundary.at <= ticket.issued_at);
        &self.unknown[proven.min(count)..count]
    }

    /// Where the entry of a lane stands that was issued for `subject`.
    #[must_use]
    pub fn position_of(&self, lane: Lane, entry: u64, subject: &Subject) -> Position {
        self.position_in(self.block_of(lane, entry), lane, entry, subject)
    }

    fn position_in(
        &self,
        draw: Option<&Draw>,
        lane: Lane,
        entry: u64,
        subject: &Subject,
    ) -> Position {
        if let Some(draw) = draw {
            let waits = Position::Gathering { opening: draw.block.opening };
            return draw.place(lane, subject).map_or(waits, Position::Place);
        }
        match &self.gathering {
            Some((opening, first)) if entry >= first[lane] => {
                Position::Gathering { opening: *opening }
            }
            Some(_) | None => Position::Place(entry),
        }
    }

    /// The draw that the entry took part in.
    #[must_use]
    pub fn block_of(&self, lane: Lane, entry: u64) -> Option<&Draw> {
        self.draws.iter().find(|draw| {
            (draw.block.start.entries[lane]..draw.block.end.entries[lane]).contains(&entry)
        })
    }

    /// The places that exist when `entered` entries were issued: nobody may be called behind them.
    #[must_use]
    pub fn places(&self, entered: &PerLane<u64>) -> PerLane<u64> {
        let undrawn = self.draws.iter().find(|draw| draw.seed.is_none());
        let end = undrawn.map(|draw| draw.block.start.entries);
        let end = end.or(self.gathering.map(|(_, first)| first));
        end.map_or(*entered, |end| end.zip(entered, u64::min))
    }

    /// The draws held so far, those that await public entropy among them.
    #[must_use]
    pub fn draws(&self) -> &[Draw] {
        &self.draws
    }

    /// Whether any boundary is frozen.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.last_known.is_some()
    }

    /// The highest number of a boundary that is frozen.
    #[must_use]
    pub const fn last_known(&self) -> Option<u16> {
        self.last_known
    }

    /// The opening that arrivals gather for, and the first entry of each lane that does.
    #[must_use]
    pub const fn gathering(&self) -> Option<(u16, PerLane<u64>)> {
        self.gathering
    }

    /// Whether a draw is complete, so that people have places.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.draws.iter().any(|draw| draw.seed.is_some())
    }

    /// The number of the first boundary that is not frozen.
    #[must_use]
    pub const fn next_boundary(&self) -> u16 {
        self.next_boundary
    }

    /// The opening that arrivals gather for right now, or whose public entropy is awaited.
    #[must_use]
    pub fn gathers_for(&self) -> Option<u16> {
        let undrawn = self.draws.iter().find(|draw| draw.seed.is_none());
        undrawn.map(|draw| draw.block.opening).or(self.gathering.map(|(opening, _)| opening))
    }
}

fn held(
    settings: &RoomSettings,
    key: &DrawKey,
    block: Block,
    due_at: Timestamp,
    entropy: Option<&String>,
) -> Draw {
    let opening = usize::from(block.opening);
    let secret = key.secret(&settings.room, settings.incarnation, opening);
    let is_awaited = settings.public_entropy.is_some() && entropy.is_none();
    let entropy = entropy.cloned().unwrap_or_default();
    let mut draw = Draw { block, due_at, secret, entropy, seed: None };
    if !is_awaited {
        draw.seed = Some(seed(
            &settings.room,
            settings.incarnation,
            opening,
            draw.entries(),
            &draw.secret,
            draw.entropy.as_bytes(),
        ));
    }
    draw
}

/// What must be remembered of boundaries that a room went past and nobody remembers: the order in
/// which people came is taken for the block they were in, so that everybody keeps a place in front of
/// the blocks that are known. Before the first gathering nobody came. `None` if there is no gap.
#[must_use]
pub fn bridge(memory: &Memory, now: Timestamp) -> Option<(u16, Frozen)> {
    let index = memory.next_boundary();
    if index == 0 && memory.entered.total() > 0 {
        return Some((index, Frozen { at: now, entries: PerLane::default() }));
    }
    let (_, next) = memory.frozen.range(index..).next()?;
    let before = index.checked_sub(1).and_then(|index| memory.frozen.get(&index));
    // The start of a gathering right behind the block before it, its end right before the next one.
    let entries = match before {
        Some(before) if index.is_multiple_of(2) => before.entries,
        Some(_) | None => next.entries,
    };
    Some((index, Frozen { at: now, entries }))
}

#[cfg(test)]
mod tests;
