//! The line: which entry stands at which place.
//!
//! An opening has two boundaries: the start of its gathering and the opening itself. When the clock
//! reaches one, the number of entries so far is frozen. That cuts the entries into blocks:
//!
//! ```text
//! entries   0 ────────── N₀ ─────────── M₁ ──────────── N₁ ─────────▶
//!             gathered:     in order of     gathered:      in order of
//!             drawn at 0    arrival         drawn at 1     arrival
//! ```
//!
//! An entry of a drawn block stands at the drawn place inside the block's own range; any other stands
//! at its own number. So entries and places are the same range of numbers, an earlier block always
//! goes first, and who was not reached in one tranche keeps the order for the next.

use kernel::{Slug, Timestamp};

use crate::draw::{Digest, Permutation, Secret, seed};
use crate::settings::RoomSettings;
use crate::state::Frozen;

/// The boundary of an opening's gathering or of the opening itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Its number in the room, and in the list of frozen ones.
    pub index: usize,
    /// When it is due.
    pub at: Timestamp,
    /// The opening whose draw it is; `None` for the start of a gathering.
    pub draws: Option<usize>,
}

/// The boundary number `index` of a room; `None` behind the last.
#[must_use]
pub fn boundary(settings: &RoomSettings, index: usize) -> Option<Boundary> {
    let number = index / 2;
    let opening = settings.openings.get(number)?;
    Some(if index.is_multiple_of(2) {
        Boundary { index, at: opening.gathers_from, draws: None }
    } else {
        Boundary { index, at: opening.opens_at, draws: Some(number) }
    })
}

/// A draw that was held, with all that is needed to recompute it.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The number of the opening.
    pub opening: usize,
    /// When it was held.
    pub held_at: Timestamp,
    /// The first entry, and the first place, of its block.
    pub first: u64,
    /// The entries of its block.
    pub entries: u64,
    /// The revealed secret.
    pub secret: Secret,
    /// The seed that follows.
    pub seed: Digest,
    permutation: Permutation,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It waits for the draw of this opening.
    Gathering {
        /// The number of the opening.
        opening: usize,
    },
    /// It stands at this place.
    Place(u64),
}

/// The line of one room as far as it is frozen.
#[derive(Clone, Debug)]
pub struct Line {
    draws: Vec<Draw>,
    gathering: Option<(usize, u64)>,
    boundaries: usize,
}

impl Line {
    /// The line of `room` with these boundaries frozen.
    ///
    /// # Panics
    /// If a draw was frozen without its secret; stores refuse that.
    #[must_use]
    pub fn new(room: &Slug, frozen: &[Frozen]) -> Self {
        let (pairs, rest) = frozen.as_chunks::<2>();
        let draws = pairs.iter().enumerate().map(|(opening, [start, end])| {
            let secret = end.secret.expect("a draw reveals its secret");
            let entries = end.entry - start.entry;
            let seed = seed(room, opening, entries, &secret, b"");
            let permutation = Permutation::new(&seed, entries);
            Draw {
                opening,
                held_at: end.at,
                first: start.entry,
                entries,
                secret,
                seed,
                permutation,
            }
        });
        Self {
            draws: draws.collect(),
            gathering: rest.first().map(|start| (pairs.len(), start.entry)),
            boundaries: frozen.len(),
        }
    }

    /// Where `entry` stands. O(openings).
    #[must_use]
    pub fn position(&self, entry: u64) -> Position {
        if let Some((opening, first)) = self.gathering
            && entry >= first
        {
            return Position::Gathering { opening };
        }
        let drawn =
            self.draws.iter().find(|draw| (draw.first..draw.first + draw.entries).contains(&entry));
        Position::Place(match drawn {
            Some(draw) => draw.first + draw.permutation.apply(entry - draw.first),
            None => entry,
        })
    }

    /// The places that exist when `entered` entries were issued: nobody may be called behind them.
    #[must_use]
    pub fn places(&self, entered: u64) -> u64 {
        self.gathering.map_or(entered, |(_, first)| first.min(entered))
    }

    /// The draws held so far.
    #[must_use]
    pub fn draws(&self) -> &[Draw] {
        &self.draws
    }

    /// How many boundaries are frozen.
    #[must_use]
    pub fn boundaries(&self) -> usize {
        self.boundaries
    }

    /// Whether arrivals gather for a draw right now.
    #[must_use]
    pub fn is_gathering(&self) -> bool {
        self.gathering.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::draw::DrawKey;

    fn frozen(entries: &[u64]) -> Vec<Frozen> {
        let key = DrawKey::new(&[3; 32]);
        let room: Slug = "town".parse().expect("slug");
        entries
            .iter()
            .enumerate()
            .map(|(index, &entry)| Frozen {
                entry,
                at: Timestamp::from_unix_ms(0),
                secret: (index % 2 == 1).then(|| key.secret(&room, index / 2)),
            })
            .collect()
    }

    fn line(entries: &[u64]) -> Line {
        Line::new(&"town".parse().expect("slug"), &frozen(entries))
    }

    #[test]
    fn before_the_draw_nobody_has_a_place() {
        let line = line(&[0]);
        assert_eq!(line.position(0), Position::Gathering { opening: 0 });
        assert_eq!(line.places(500), 0);
        assert!(line.is_gathering());
    }

    #[test]
    fn later_arrivals_queue_behind_in_order() {
        let line = line(&[0, 100]);
        assert_eq!(line.position(100), Position::Place(100));
        assert_eq!(line.position(4_711), Position::Place(4_711));
        assert_eq!(line.places(4_712), 4_712);
    }

    #[test]
    fn the_next_gathering_does_not_touch_those_before_it() {
        let before = line(&[0, 100]);
        let gathering = line(&[0, 100, 150]);
        for entry in 0..150 {
            assert_eq!(gathering.position(entry), before.position(entry));
        }
        assert_eq!(gathering.position(150), Position::Gathering { opening: 1 });
        assert_eq!(gathering.places(400), 150);
    }

    proptest! {
        /// Every entry has one place, every place one entry, and blocks keep their order.
        #[test]
        fn entries_and_places_are_the_same_numbers(
            gathered in 0_u64..200, queued in 0_u64..50, second in 0_u64..200, behind in 0_u64..50,
        ) {
            let bounds = [0, gathered, gathered + queued, gathered + queued + second];
            let line = line(&bounds);
            let all = bounds[3] + behind;
            let places: BTreeSet<u64> = (0..all)
                .map(|entry| match line.position(entry) {
                    Position::Place(place) => place,
                    Position::Gathering { .. } => u64::MAX,
                })
                .collect();
            prop_assert_eq!(places, (0..all).collect::<BTreeSet<u64>>());
        }
    }
}
