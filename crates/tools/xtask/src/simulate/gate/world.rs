//! One run: people, a store and the gate, event by event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use kernel::Timestamp;

use super::dice::Dice;
use super::people::People;
use super::store::Store;

/// The gate decides this often, as an instance that renews its view.
const DECIDES_EVERY_MS: i64 = 250;

/// What happens in a run besides the people's own doing. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seats are not measured before: the room fills up, and the gate has seen nobody yet.
    pub warm_up_ms: i64,
    pub end_ms: i64,
    /// How many wait from the beginning.
    pub crowd: u64,
    /// How often somebody arrives until the loss; never if `None`.
    pub arrives_every_ms: Option<i64>,
    pub loss: Option<Loss>,
}

/// A store that loses all but who entered and was called.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    pub at_ms: i64,
    /// How many arrive at that moment.
    pub crowd: u64,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// The mean over time of living passes, divided by `max_active`, after the warm-up.
    pub seats_used: f64,
    /// People who wanted their pass at least once.
    pub takers: u32,
    /// Those of them who were told to wait at least once.
    pub told_to_wait: u32,
    /// The most passes that lived at once, beyond `max_active`.
    pub over_max_active: u32,
    /// People who were admitted on arrival.
    pub admitted_on_arrival: u32,
    /// How long after the loss somebody was called.
    pub first_call_after_loss_ms: Option<i64>,
}

impl Outcome {
    pub fn told_to_wait_part(&self) -> f64 {
        f64::from(self.told_to_wait) / f64::from(self.takers.max(1))
    }

    /// Infinite if nobody was called after the loss.
    pub fn first_call_after_loss_s(&self) -> f64 {
        self.first_call_after_loss_ms
            .and_then(|ms| u32::try_from(ms).ok())
            .map_or(f64::INFINITY, |ms| f64::from(ms) / 1_000.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Decide,
    Arrive,
    /// Somebody wants the pass of this place; `again` if they were told to wait before.
    Take {
        place: u64,
        again: bool,
    },
    /// A pass of this generation ends: those of before a loss are not counted any more.
    Leave {
        losses: u32,
    },
    Lose,
}

struct World<'a> {
    people: &'a People,
    store: Store,
    dice: Dice,
    plan: Plan,
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    scheduled: u64,
    losses: u32,
    seat_ms: i64,
    outcome: Outcome,
}

/// Runs a room with `people` by `plan`. What happens follows from `seed` alone.
pub fn run(people: &People, store: Store, plan: Plan, seed: u64) -> Outcome {
    let mut world = World {
        people,
        store,
        dice: Dice::new(seed),
        plan,
        events: BinaryHeap::new(),
        scheduled: 0,
        losses: 0,
        seat_ms: 0,
        outcome: Outcome::default(),
    };
    world.store.places = plan.crowd;
    world.schedule(0, Event::Decide);
    if let Some(every_ms) = plan.arrives_every_ms {
        world.schedule(every_ms, Event::Arrive);
    }
    if let Some(loss) = plan.loss {
        world.schedule(loss.at_ms, Event::Lose);
    }
    world.run()
}

impl World<'_> {
    fn schedule(&mut self, at_ms: i64, event: Event) {
        self.events.push(Reverse((at_ms, self.scheduled, event)));
        self.scheduled += 1;
    }

    fn run(mut self) -> Outcome {
        let mut now_ms = 0;
        while let Some(Reverse((at_ms, _, event))) = self.events.pop() {
            let at_ms = at_ms.min(self.plan.end_ms);
            let measured_ms = at_ms - now_ms.max(self.plan.warm_up_ms);
            self.seat_ms += i64::from(self.store.active) * measured_ms.max(0);
            now_ms = at_ms;
            if now_ms == self.plan.end_ms {
                break;
            }
            self.happen(now_ms, event);
            let over = self.store.active.saturating_sub(self.store.levers.max_active);
            self.outcome.over_max_active = self.outcome.over_max_active.max(over);
        }
        let measured_ms = self.plan.end_ms - self.plan.warm_up_ms;
        self.outcome.seats_used =
            per(self.seat_ms, measured_ms) / f64::from(self.store.levers.max_active);
        self.outcome
    }

    fn happen(&mut self, now_ms: i64, event: Event) {
        match event {
            Event::Decide => {
                self.decide(now_ms);
                self.schedule(now_ms + DECIDES_EVERY_MS, Event::Decide);
            }
            Event::Arrive => self.arrive(now_ms),
            Event::Take { place, again } => self.take(now_ms, place, again),
            Event::Leave { losses } => self.store.active -= u32::from(losses == self.losses),
            Event::Lose => {
                self.store.lose();
                let crowd = self.plan.loss.map_or(0, |loss| loss.crowd);
                self.store.places = self.store.places.saturating_add(crowd);
                self.losses += 1;
            }
        }
    }

    fn decide(&mut self, now_ms: i64) {
        let from = self.store.called;
        let count = self.store.call(Timestamp::from_unix_ms(now_ms));
        for place in from..from + count {
            if let Some(after_ms) = self.people.comes_after_ms(&mut self.dice) {
                self.schedule(now_ms + after_ms, Event::Take { place, again: false });
            }
        }
        if count > 0
            && let Some(loss) = self.plan.loss.filter(|loss| loss.at_ms < now_ms)
        {
            self.outcome.first_call_after_loss_ms.get_or_insert(now_ms - loss.at_ms);
        }
    }

    fn arrive(&mut self, now_ms: i64) {
        if self.store.join(Timestamp::from_unix_ms(now_ms)) {
            self.outcome.admitted_on_arrival += 1;
            self.stay(now_ms);
        }
        if let Some(every_ms) = self.plan.arrives_every_ms.filter(|_| self.losses == 0) {
            self.schedule(now_ms + every_ms, Event::Arrive);
        }
    }

    fn stay(&mut self, now_ms: i64) {
        let visit_ms = self.people.visit_ms(&mut self.dice);
        self.schedule(now_ms + visit_ms, Event::Leave { losses: self.losses });
    }

    fn take(&mut self, now_ms: i64, place: u64, again: bool) {
        self.outcome.takers += u32::from(!again);
        if self.store.redeem(place, Timestamp::from_unix_ms(now_ms)) {
            self.stay(now_ms);
        } else {
            self.outcome.told_to_wait += u32::from(!again);
            let retry_ms = People::retry_ms(&mut self.dice);
            self.schedule(now_ms + retry_ms, Event::Take { place, again: true });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seat milliseconds of a run are below 2^53")]
fn per(sum: i64, span: i64) -> f64 {
    sum as f64 / span as f64
}
