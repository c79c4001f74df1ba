//! Spreads places evenly over slots.
//!
//! Places are dealt like cards, one slot after the other, every tranche going on where the one
//! before stopped. So each tranche gives every slot the same number or one more, and so do all of
//! them together. The capacity is dealt the same way from the start: it covers the tranches in every
//! slot, and a campaign file with a larger capacity or one more tranche leaves everything that was
//! dealt before as it was.
//!
//! Dealing does not go round in the order of the slots, which would favour the morning of the first
//! site, but in steps of about the golden ratio: whatever is left over after full rounds lies
//! scattered over the day and the sites.

use crate::schedule::Opening;
use crate::{Slot, Tranche};

struct Dealer {
    slots: usize,
    stride: usize,
    dealt: usize,
}

impl Dealer {
    fn new(slots: usize) -> Self {
        // A step that shares no factor with the number of slots visits each one exactly once a round.
        let stride = (slots * 618 / 1_000).max(1);
        let stride = (stride..=slots).find(|stride| gcd(*stride, slots) == 1).unwrap_or(1);
        Self { slots, stride, dealt: 0 }
    }

    /// Deals `places`; the sum of the answer is exactly `places`.
    fn deal(&mut self, places: u32) -> Vec<u32> {
        let slots = u32::try_from(self.slots).unwrap_or(u32::MAX);
        let mut shares = vec![places / slots; self.slots];
        for _ in 0..places % slots {
            shares[self.dealt * self.stride % self.slots] += 1;
            self.dealt = (self.dealt + 1) % self.slots;
        }
        shares
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Gives every slot its capacity and every opening its allotments; `slots` is not empty.
pub(crate) fn spread(
    mut slots: Vec<Slot>,
    openings: Vec<Opening>,
    capacity_places: u32,
) -> (Vec<Slot>, Vec<Tranche>) {
    let capacities = Dealer::new(slots.len()).deal(capacity_places);
    for (slot, capacity) in slots.iter_mut().zip(capacities) {
        slot.capacity = capacity;
    }
    let mut dealer = Dealer::new(slots.len());
    let tranche = |Opening { opens_at, gathers_from, places }| Tranche {
        opens_at,
        gathers_from,
        places,
        allotments: dealer.deal(places),
    };
    let tranches = openings.into_iter().map(tranche).collect();
    (slots, tranches)
}

/// Gives every opening its allotments where each slot has a capacity of its own: in proportion to the
/// capacities, and never more than they are. `slots` is not empty.
///
/// The places are dealt from a deck in which a slot has as many cards as places, evenly spaced. Of
/// slots of equal capacity this makes the same rounds as [`spread`].
pub(crate) fn spread_by_capacity(
    slots: Vec<Slot>,
    openings: Vec<Opening>,
) -> (Vec<Slot>, Vec<Tranche>) {
    let mut deck = deck(&slots).into_iter();
    let tranche = |Opening { opens_at, gathers_from, places }| {
        let mut allotments = vec![0; slots.len()];
        for slot in deck.by_ref().take(usize::try_from(places).unwrap_or(usize::MAX)) {
            allotments[slot] += 1;
        }
        Tranche { opens_at, gathers_from, places, allotments }
    };
    let tranches = openings.into_iter().map(tranche).collect();
    (slots, tranches)
}

/// Every place of every slot, as the slot's index, in the order of dealing.
fn deck(slots: &[Slot]) -> Vec<usize> {
    let dealer = Dealer::new(slots.len());
    let order = (0..slots.len()).map(|turn| turn * dealer.stride % dealer.slots);
    let mut cards: Vec<(u128, usize, usize)> = order
        .enumerate()
        .flat_map(|(turn, slot)| {
            let capacity = u128::from(slots[slot].capacity);
            let (turns, offset) = (dealer.slots as u128, turn as u128);
            // The place in the deck in parts of 2³². Every slot begins at another one, so that slots of
            // one capacity do not all come at once.
            let place = move |card| ((card * turns + offset) << 32) / (capacity * turns);
            (0..capacity).map(move |card| (place(card), turn, slot))
        })
        .collect();
    cards.sort_unstable();
    cards.into_iter().map(|(_, _, slot)| slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within_one(shares: &[u32]) -> bool {
        let (low, high) = (shares.iter().min(), shares.iter().max());
        high.zip(low).is_some_and(|(high, low)| high - low <= 1)
    }

    #[test]
    fn every_tranche_and_all_together_are_even_and_exact() {
        for slots in 1..=100 {
            let mut dealer = Dealer::new(slots);
            let mut total = vec![0; slots];
            let mut places = 0;
            for tranche in [1, 625, 7, 84, 625, 99, 1_000, 3] {
                let shares = dealer.deal(tranche);
                assert_eq!(shares.iter().sum::<u32>(), tranche, "{slots} slots");
                assert!(within_one(&shares), "{tranche} over {slots} slots: {shares:?}");
                total.iter_mut().zip(&shares).for_each(|(sum, share)| *sum += share);
                places += tranche;
                assert!(within_one(&total), "{places} over {slots} slots: {total:?}");
                assert_eq!(total, Dealer::new(slots).deal(places), "{slots} slots");
            }
        }
    }

    #[test]
    fn what_is_left_over_is_scattered() {
        let shares = Dealer::new(84).deal(7 * 84 + 37);
        let halves = [&shares[..42], &shares[42..]].map(|half| half.iter().sum::<u32>());
        assert!(halves[0].abs_diff(halves[1]) <= 2, "{halves:?}");
        let mornings = shares.chunks(14).map(|part| part.iter().sum::<u32>()).collect::<Vec<_>>();
        assert!(mornings.iter().all(|part| part.abs_diff(104) <= 2), "{mornings:?}");
    }
}
