//! When somebody who waits should ask again.
//!
//! Three things are wanted at once: whoever is called soon should learn it soon, the instances should
//! not be asked more often than they can answer, and people to whom the same thing happens at the same
//! instant (a draw, above all) should not come back together and stay together.
//!
//! - Far from the front everybody asks about once in the longest interval: `max_s`, or the time in which the
//!   instances can answer the whole crowd once, if that is longer. Then the crowd wins over `max_s`.
//! - Near the front the interval is half of the time that is left, so somebody asks a handful of times
//!   more in all. What that adds is bounded by how fast the line can be believed to move.
//! - Each reply draws its own jitter of ±20 %, so people who came together drift apart.
//! - Around an instant at which something happens to all, the first poll after it is drawn from the
//!   distribution that asking at those intervals has in equilibrium (the forward recurrence time of a
//!   renewal process; W. Feller, "An Introduction to Probability Theory", volume II, XI.4). So the crowd asks at
//!   the same rate from that instant on, without a first wave and without later ones.

use std::time::Duration;

/// The line is not believed to move faster than this part of the polls that can be answered: those near
/// the front then ask for at most a third of them, on top of the crowd.
const BELIEVED_SPEED_PART: u64 = 50;

/// How often people may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollBounds {
    /// The shortest interval. Only somebody who is about to be called is given a shorter one, half of it at least.
    pub min_s: u32,
    /// The longest interval, unless the crowd is too large for it.
    pub max_s: u32,
    /// How many polls of this room all instances together should answer in a second; at least 1 counts.
    pub polls_per_s_max: u32,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Something happens to all who wait, this long from now: a draw, or an opening while nothing moves. Zero
    /// if it is due and has not happened yet.
    Instant(Duration),
    /// The line moves.
    Moving {
        /// How many places are called before this one.
        ahead: u64,
        /// How many places are called in a minute.
        calls_per_minute: u64,
    },
    /// Nothing moves, and nobody knows until when.
    Still,
    /// The place is called; a pass can be taken, or could not be taken at once.
    Called,
}

/// How long to wait with the next poll, in milliseconds.
///
/// `people` counts all who wait in the room; `random` is fresh for every reply and uniform. O(1).
#[must_use]
pub fn poll_after_ms(outlook: Outlook, people: u64, bounds: PollBounds, random: u64) -> u64 {
    let intervals = Intervals::of(people, bounds);
    let (fine, coarse) = halves(random);
    match outlook {
        Outlook::Instant(Duration::ZERO) => jitter(intervals.answered_once, fine),
        Outlook::Instant(until) => {
            let until_ms = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
            if until_ms > jitter(intervals.longest, u32::MAX) {
                jitter(intervals.longest, fine)
            } else {
                until_ms.max(intervals.min_ms) + recurrence(intervals.answered_once, fine, coarse)
            }
        }
        Outlook::Moving { calls_per_minute: 0, .. } | Outlook::Still => {
            jitter(intervals.longest, fine)
        }
        Outlook::Moving { ahead, calls_per_minute } => {
            let left_ms = time_left_ms(ahead, calls_per_minute, bounds);
            if left_ms < intervals.min_ms {
                jitter(left_ms.max(shortened(intervals.min_ms)), fine)
            } else {
                jitter((left_ms / 2).clamp(intervals.shortest, intervals.longest), fine)
            }
        }
        Outlook::Called => jitter(intervals.shortest, fine),
    }
}

/// Mean intervals, in milliseconds; jitter makes 80 % to 120 % of them.
#[derive(Clone, Copy)]
struct Intervals {
    min_ms: u64,
    shortest: u64,
    longest: u64,
    /// In this time the instances can answer everybody once.
    answered_once: u64,
}

impl Intervals {
    fn of(people: u64, bounds: PollBounds) -> Self {
        let min_ms = u64::from(bounds.min_s) * 1_000;
        let max_ms = u64::from(bounds.max_s) * 1_000;
        let crowd = people.saturating_mul(1_000) / u64::from(bounds.polls_per_s_max.max(1));
        // With its jitter an interval stays within the bounds.
        let shortest = min_ms * 10 / 8;
        let answered_once = crowd.max(shortest);
        Self { min_ms, shortest, longest: answered_once.max(max_ms * 10 / 12), answered_once }
    }
}

/// The mean interval that has `min_ms` / 2 as its smallest value.
const fn shortened(min_ms: u64) -> u64 {
    min_ms * 10 / 16
}

fn time_left_ms(ahead: u64, calls_per_minute: u64, bounds: PollBounds) -> u64 {
    let believed = u64::from(bounds.polls_per_s_max) * 60 / BELIEVED_SPEED_PART;
    ahead.saturating_mul(60_000) / calls_per_minute.min(believed.max(1))
}

fn halves(random: u64) -> (u32, u32) {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (half(random >> 32), half(random))
}

/// `part` of 2³² of `whole`.
fn portion(whole: u64, part: u32) -> u64 {
    u64::try_from((u128::from(whole) * u128::from(part)) >> 32).unwrap_or(u64::MAX)
}

/// Uniform in 80 % to 120 % of `mean`.
fn jitter(mean: u64, random: u32) -> u64 {
    mean / 10 * 8 + portion(mean / 10 * 4, random)
}

/// How long until the next poll of somebody who has been asking at jittered intervals for ever: a uniform
/// part of the interval one is in, and longer intervals are the likelier ones to be in.
fn recurrence(mean: u64, fine: u32, coarse: u32) -> u64 {
    let per_mille = (640_000 + portion(800_000, coarse)).isqrt();
    portion(mean.saturating_mul(per_mille) / 1_000, fine)
}

#[cfg(test)]
mod tests {
    use kernel::{Entropy, SeededEntropy};
    use proptest::prelude::*;

    use super::*;

    const SPEYER: PollBounds = PollBounds { min_s: 2, max_s: 30, polls_per_s_max: 5_000 };

    fn outlooks() -> impl Strategy<Value = Outlook> {
        prop_oneof![
            (0_u64..10_000_000).prop_map(|ms| Outlook::Instant(Duration::from_millis(ms))),
            (any::<u64>(), any::<u64>())
                .prop_map(|(ahead, calls_per_minute)| Outlook::Moving { ahead, calls_per_minute }),
            Just(Outlook::Still),
            Just(Outlook::Called),
        ]
    }

    proptest! {
        /// Nobody is told less than the shortest interval, except those about to be called; nor more
        /// than the longest one, except where the crowd is too large for it.
        #[test]
        fn intervals_stay_within_their_bounds(
            outlook in outlooks(), people in 0_u64..10_000_000, min_s in 1_u32..20, longer_s in 5_u32..100,
            polls_per_s_max in 1_u32..100_000, random: u64,
        ) {
            let bounds = PollBounds { min_s, max_s: min_s * 2 + longer_s, polls_per_s_max };
            let after_ms = poll_after_ms(outlook, people, bounds, random);
            let imminent = matches!(outlook, Outlook::Moving { ahead, calls_per_minute }
                if calls_per_minute > 0 && time_left_ms(ahead, calls_per_minute, bounds) < u64::from(min_s) * 1_000);
            let lowest = if imminent { min_s * 500 } else { min_s * 1_000 };
            prop_assert!(after_ms + 10 >= u64::from(lowest), "{} ms for {:?}", after_ms, outlook);
            let crowd_ms = people * 1_200 / u64::from(polls_per_s_max);
            let highest = crowd_ms.max(u64::from(bounds.max_s) * 1_000);
            let until_ms = match outlook {
                Outlook::Instant(until) => u64::try_from(until.as_millis()).expect("short"),
                Outlook::Moving { .. } | Outlook::Still | Outlook::Called => 0,
            };
            let highest = if until_ms <= highest { highest + until_ms } else { highest };
            prop_assert!(after_ms <= highest + 10, "{} ms for {:?}", after_ms, outlook);
        }
    }

    #[test]
    fn the_nearer_the_turn_the_sooner_the_next_poll() {
        let mean = |ahead| {
            let moving = Outlook::Moving { ahead, calls_per_minute: 600 };
            poll_after_ms(moving, 5_000, SPEYER, 1 << 63)
        };
        assert_eq!(mean(100_000), 25_000, "never more than 30 s with jitter");
        assert_eq!(mean(400), 20_000, "half of 40 s");
        assert_eq!(mean(100), 5_000);
        assert_eq!(mean(30), 2_500, "never less than 2 s with jitter");
        assert_eq!(mean(15), 1_500, "about to be called");
        assert_eq!(mean(0), 1_250, "about to be called");
    }

    /// A rate measured over a moment can be absurd; it must not make a crowd rush to the front.
    #[test]
    fn an_absurd_rate_is_not_believed() {
        let moving = Outlook::Moving { ahead: 90_000, calls_per_minute: u64::MAX };
        assert!(poll_after_ms(moving, 100_000, SPEYER, 0) >= 16_000);
    }

    /// People who ask as they are told, counted by second.
    struct Crowd {
        bounds: PollBounds,
        opens_at_ms: u64,
        calls_per_minute: u64,
        /// The next poll and the place of everybody.
        people: Vec<(u64, u64)>,
        entropy: SeededEntropy,
    }

    impl Crowd {
        /// `count` people who came evenly within the last ten minutes before the opening.
        fn gathered(count: u64, bounds: PollBounds, calls_per_minute: u64) -> Self {
            let opens_at_ms = 600_000;
            let mut crowd = Self {
                bounds,
                opens_at_ms,
                calls_per_minute,
                people: Vec::new(),
                entropy: SeededEntropy::new(5),
            };
            for place in 0..count {
                let came_ms = crowd.random() % opens_at_ms;
                let next_ms = came_ms + crowd.told(came_ms, place, count);
                crowd.people.push((next_ms, place));
            }
            crowd
        }

        fn random(&self) -> u64 {
            let entropy: &dyn Entropy = &self.entropy;
            entropy.u64()
        }

        fn called(&self, now_ms: u64) -> u64 {
            now_ms.saturating_sub(self.opens_at_ms) * self.calls_per_minute / 60_000
        }

        fn told(&self, now_ms: u64, place: u64, people: u64) -> u64 {
            let called = self.called(now_ms);
            let outlook = if now_ms < self.opens_at_ms {
                Outlook::Instant(Duration::from_millis(self.opens_at_ms - now_ms))
            } else if place < called {
                Outlook::Called
            } else {
                let calls_per_minute = self.calls_per_minute;
                Outlook::Moving { ahead: place - called, calls_per_minute }
            };
            poll_after_ms(outlook, people, self.bounds, self.random())
        }

        /// How many polls come in each of the seconds from the opening on, and how long after their call
        /// people learn of it, on average in milliseconds.
        fn polls_after_opening(mut self, seconds: usize) -> (Vec<u64>, u64) {
            let mut polls = vec![0; seconds];
            let (mut learned, mut delays_ms) = (0, 0);
            let all = self.people.len() as u64;
            for (mut now_ms, place) in std::mem::take(&mut self.people) {
                while let Some(count) =
                    now_ms.checked_sub(self.opens_at_ms).map_or(Some(&mut 0), |since_ms| {
                        polls.get_mut(usize::try_from(since_ms / 1_000).expect("short"))
                    })
                {
                    *count += 1;
                    let called = self.called(now_ms);
                    if place < called {
                        let called_at_ms =
                            self.opens_at_ms + (place + 1) * 60_000 / self.calls_per_minute;
                        learned += 1;
                        delays_ms += now_ms.saturating_sub(called_at_ms);
                        break;
                    }
                    now_ms += self.told(now_ms, place, all.saturating_sub(called));
                }
            }
            (polls, delays_ms / learned.max(1))
        }
    }

    fn busiest(polls: &[u64]) -> u64 {
        polls.iter().copied().max().unwrap_or(0)
    }

    /// 100,000 people wait for a draw. No second has more than twice the even share of the polls, neither
    /// at the draw nor in any later round.
    #[test]
    fn a_draw_is_not_followed_by_a_wave_of_polls() {
        const PEOPLE: u64 = 100_000;
        for polls_per_s_max in [1_000, 2_500, 4_000] {
            let bounds = PollBounds { polls_per_s_max, ..SPEYER };
            let (polls, delay_ms) = Crowd::gathered(PEOPLE, bounds, 600).polls_after_opening(900);
            let even = u64::from(polls_per_s_max);
            let peak = busiest(&polls);
            assert!(peak <= even * 2, "{peak} polls in a second, {even} is the even share");
            let first = polls[..10].iter().sum::<u64>();
            assert!(first >= even * 8, "the draw becomes known at once: {first} polls in 10 s");
            assert!(delay_ms <= 10_000, "{delay_ms} ms after the call on average");
        }
    }

    /// Where the instances could answer everybody in a few seconds, the first round is as short, and
    /// people drift apart in the following ones.
    #[test]
    fn people_do_not_stay_synchronised() {
        const PEOPLE: u64 = 100_000;
        let bounds = PollBounds { polls_per_s_max: 20_000, ..SPEYER };
        let (polls, delay_ms) = Crowd::gathered(PEOPLE, bounds, 600).polls_after_opening(900);
        assert!(busiest(&polls) <= 22_000, "{} polls in a second", busiest(&polls));
        assert!(polls[..7].iter().sum::<u64>() >= PEOPLE, "all know their place within 7 s");
        let later = &polls[600..];
        let even = later.iter().sum::<u64>() / later.len() as u64;
        assert!(busiest(later) <= even * 2, "{} polls, {even} on average", busiest(later));
        assert!(delay_ms <= 5_000, "{delay_ms} ms after the call on average");
    }

    /// A draw that is due and cannot be held yet, because the store is away or entropy is awaited.
    #[test]
    fn an_overdue_draw_is_asked_for_as_often_as_can_be_answered() {
        let due = Outlook::Instant(Duration::ZERO);
        assert_eq!(poll_after_ms(due, 100_000, SPEYER, 1 << 63), 20_000);
        assert_eq!(poll_after_ms(due, 10, SPEYER, 1 << 63), 2_500);
    }

    #[test]
    fn the_recurrence_has_the_mean_that_the_theory_gives() {
        let random: &dyn Entropy = &SeededEntropy::new(1);
        let mut sum = 0;
        for _ in 0..100_000 {
            let (fine, coarse) = halves(random.u64());
            sum += recurrence(60_000, fine, coarse);
        }
        // E[X²] / 2 E[X] with X uniform in 0.8 to 1.2.
        let expected = 60_000 * 76 / 150;
        assert!(sum.abs_diff(expected * 100_000) < 100_000 * 300, "{} on average", sum / 100_000);
    }
}
