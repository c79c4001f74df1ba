//! Who is called next: the lanes share the pace.

use super::GateLevers;
use super::ledger::Ledger;
use crate::lane::{Lane, PerLane};

/// A whole person, in the thousandths that credit is kept in.
const PERSON: i128 = 1_000;

/// Splits `count` calls among the lanes in which people wait; at most as many as wait there.
///
/// Each gets by its share; what idle lanes leave goes to the others at once. What rounding leaves to
/// a lane is kept for the next time, so that single calls are shared as fairly as many. A lane with
/// people waiting has a share of at least one percent: it may be slow, it never starves.
pub(super) fn split(
    levers: &GateLevers,
    ledger: &mut Ledger,
    waiting: &PerLane<u64>,
    count: u64,
) -> PerLane<u64> {
    let mut given = PerLane::default();
    let mut left = count.min(waiting.total());
    while left > 0 {
        let not_given = PerLane::from_fn(|lane| waiting[lane] - given[lane]);
        let round = share_out(levers, ledger, &not_given, left);
        left -= round.total();
        given = PerLane::from_fn(|lane| given[lane] + round[lane]);
    }
    given
}

/// Gives away at least one call and at most `left`.
fn share_out(
    levers: &GateLevers,
    ledger: &mut Ledger,
    wanting: &PerLane<u64>,
    left: u64,
) -> PerLane<u64> {
    let weights = PerLane::from_fn(|lane| {
        if wanting[lane] == 0 { 0 } else { i128::from(levers.shares[lane].max(1)) }
    });
    let total: i128 = weights.0.iter().sum();
    let credit = PerLane::from_fn(|lane| match weights[lane] {
        0 => 0,
        _ => i128::from(ledger.credit_milli[lane]),
    });
    let due =
        PerLane::from_fn(|lane| i128::from(left) * PERSON * weights[lane] / total + credit[lane]);
    let mut most_due_first = Lane::ALL;
    most_due_first.sort_by_key(|&lane| (wanting[lane] == 0, -due[lane]));

    let mut round = PerLane::<u64>::default();
    for lane in most_due_first {
        let whole = u64::try_from((due[lane] / PERSON).max(0)).unwrap_or(u64::MAX);
        round[lane] = whole.min(wanting[lane]).min(left - round.total());
    }
    if round.total() == 0 {
        round[most_due_first[0]] = 1;
    }
    let spent = i128::from(round.total()) * PERSON;
    ledger.credit_milli = PerLane::from_fn(|lane| {
        let earned = spent * weights[lane] / total;
        let kept = credit[lane] + earned - i128::from(round[lane]) * PERSON;
        i64::try_from(kept.clamp(-PERSON, PERSON)).unwrap_or(0)
    });
    round
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gate::testing::LEVERS;

    const SHARED: GateLevers = GateLevers { shares: PerLane([70, 20, 10]), ..LEVERS };

    #[test]
    fn many_calls_are_shared_by_the_shares() {
        let crowd = PerLane([10_000; 3]);
        let given = split(&SHARED, &mut Ledger::default(), &crowd, 1_000);
        assert_eq!(given, PerLane([700, 200, 100]));
    }

    #[test]
    fn single_calls_are_shared_as_fairly_as_many() {
        let (mut ledger, mut called) = (Ledger::default(), PerLane::<u64>::default());
        for _ in 0..1_000 {
            let given = split(&SHARED, &mut ledger, &PerLane([10_000; 3]), 1);
            assert_eq!(given.total(), 1);
            called = PerLane::from_fn(|lane| called[lane] + given[lane]);
        }
        assert_eq!(called, PerLane([700, 200, 100]));
    }

    #[test]
    fn what_idle_lanes_leave_goes_to_the_others_at_once() {
        let given = |waiting, count| split(&SHARED, &mut Ledger::default(), &waiting, count);
        assert_eq!(given(PerLane([0, 500, 500]), 300), PerLane([0, 200, 100]));
        assert_eq!(given(PerLane([3, 500, 2]), 300), PerLane([3, 295, 2]));
        assert_eq!(given(PerLane([3, 5, 2]), 300), PerLane([3, 5, 2]));
        assert_eq!(
            given(PerLane([0, 0, 9]), 4),
            PerLane([0, 0, 4]),
            "an idle lane keeps no credit"
        );
    }

    #[test]
    fn a_lane_without_a_share_does_not_starve() {
        let levers = GateLevers { shares: PerLane([100, 0, 0]), ..LEVERS };
        let (mut ledger, mut called) = (Ledger::default(), PerLane::<u64>::default());
        for _ in 0..110 {
            let given = split(&levers, &mut ledger, &PerLane([10_000; 3]), 1);
            called = PerLane::from_fn(|lane| called[lane] + given[lane]);
        }
        assert!(called[Lane::Hotline] >= 1 && called[Lane::Priority] >= 1, "{called:?}");
    }

    #[test]
    fn odd_credit_changes_who_is_next_and_nothing_else() {
        let mut ledger =
            Ledger { credit_milli: PerLane([1_000, 1_000, 1_000]), ..Ledger::default() };
        assert_eq!(split(&SHARED, &mut ledger, &PerLane([9; 3]), 20).total(), 20);
        ledger.credit_milli = PerLane([-1_000; 3]);
        assert_eq!(split(&SHARED, &mut ledger, &PerLane([9; 3]), 2).total(), 2);
    }

    /// Any shares that an operator can set.
    fn any_shares() -> impl Strategy<Value = PerLane<u32>> {
        (0..=100_u32, 0..=100_u32).prop_map(|(one, other)| {
            let (low, high) = (one.min(other), one.max(other));
            PerLane([low, high - low, 100 - high])
        })
    }

    fn any_credit() -> impl Strategy<Value = Ledger> {
        [-1_000..=1_000_i64, -1_000..=1_000, -1_000..=1_000]
            .prop_map(|credit| Ledger { credit_milli: PerLane(credit), ..Ledger::default() })
    }

    proptest! {
        /// Nothing of what may be called is left over while anybody waits in any lane, and nobody is called who is
        /// not there: what one lane does not need, the others have.
        #[test]
        fn nothing_is_wasted_and_nobody_invented(
            shares in any_shares(), mut ledger in any_credit(),
            waiting in [0..40_u64, 0..40_u64, 0..40_u64], count in 0..100_u64,
        ) {
            let (levers, waiting) = (GateLevers { shares, ..LEVERS }, PerLane(waiting));
            let given = split(&levers, &mut ledger, &waiting, count);
            prop_assert_eq!(given.total(), count.min(waiting.total()));
            prop_assert!(Lane::ALL.iter().all(|&lane| given[lane] <= waiting[lane]));
        }

        /// A lane in which people wait is called within so many calls as its share says, however small that is,
        /// however the calls come in, and whatever the lanes were owed before.
        #[test]
        fn no_lane_with_people_starves(
            shares in any_shares(), mut ledger in any_credit(), busy in 1..8_usize,
            counts in proptest::collection::vec(1..30_u64, 420),
        ) {
            let levers = GateLevers { shares, ..LEVERS };
            let crowd = PerLane::from_fn(|lane| if busy >> lane.number() & 1 == 1 { 100_000 } else { 0 });
            let weight = |lane| if crowd[lane] > 0 { u64::from(shares[lane].max(1)) } else { 0 };
            let total = PerLane::from_fn(weight).total();
            let mut since = PerLane::<u64>::default();
            for count in counts {
                let given = split(&levers, &mut ledger, &crowd, count);
                for lane in Lane::ALL.into_iter().filter(|&lane| crowd[lane] > 0) {
                    since[lane] = if given[lane] > 0 { 0 } else { since[lane] + count };
                    // What it is owed at first, and the whole person it then waits for.
                    let most = 3 * total.div_ceil(weight(lane));
                    prop_assert!(since[lane] <= most, "{lane:?} of {shares:?}: {}", since[lane]);
                }
            }
        }

        /// In the long run each lane has its share of what is called, to a few people.
        #[test]
        fn shares_are_kept_in_the_long_run(
            shares in any_shares(), counts in proptest::collection::vec(1..30_u64, 200),
        ) {
            let levers = GateLevers { shares, ..LEVERS };
            let crowd = PerLane([100_000; 3]);
            let (mut ledger, mut called) = (Ledger::default(), PerLane::<u64>::default());
            for count in &counts {
                let given = split(&levers, &mut ledger, &crowd, *count);
                called = PerLane::from_fn(|lane| called[lane] + given[lane]);
            }
            let all: u64 = counts.iter().sum();
            let weights = shares.map(|share| u64::from(share.max(1)));
            for lane in Lane::ALL {
                let due = all * weights[lane] / weights.total();
                prop_assert!(called[lane].abs_diff(due) <= 3, "{called:?} of {all} for {shares:?}");
            }
        }
    }
}
