use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ManualClock;

/// A clock over a base that starts at 0, and a store whose clock differs.
struct Scene {
    base: Arc<ManualClock>,
    clock: SyncedClock,
    store_ahead_ms: i64,
}

impl Scene {
    fn new(store_ahead_ms: i64) -> Self {
        let base = Arc::new(ManualClock::at(Timestamp::from_unix_ms(0)));
        Self { clock: SyncedClock::new(base.clone()), base, store_ahead_ms }
    }

    fn pass(&self, ms: u64) {
        self.base.advance(Duration::from_millis(ms));
    }

    /// A trip that takes `there_ms` to the store and `back_ms` back.
    fn trip(&self, there_ms: u64, back_ms: u64) {
        let sending = self.clock.sending();
        self.pass(there_ms);
        let store_now = self.store_now();
        self.pass(back_ms);
        self.clock.observe(sending, store_now);
    }

    fn store_now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.base.now().unix_ms() + self.store_ahead_ms)
    }

    /// How far the clock is ahead of the store.
    fn error_ms(&self) -> i64 {
        self.clock.now().unix_ms() - self.store_now().unix_ms()
    }
}

#[test]
fn it_shows_the_base_until_a_store_was_observed_and_then_runs_on() {
    for ahead_ms in [5_000, -5_000, 3_600_000, -3_600_000] {
        let scene = Scene::new(ahead_ms);
        assert_eq!(scene.clock.now(), scene.base.now());
        scene.trip(0, 0);
        assert_eq!(scene.error_ms(), 0, "the first observation counts, however far off");
        scene.pass(86_400_000);
        assert_eq!(scene.error_ms(), 0, "a store that is down does not stop the time");
    }
}

#[test]
fn an_observation_is_wrong_by_half_its_trip_and_a_bad_one_is_late() {
    let table = [
        (0, 0, 0),
        (10, 10, 0),
        (20, 0, 10),
        (0, 20, -10),
        (100, 100, 0),
        (400, 100, 0),
        (3_000, 0, 100),
        (0, 3_000, -2_900),
    ];
    for (there_ms, back_ms, error_ms) in table {
        let scene = Scene::new(77_777);
        scene.trip(there_ms, back_ms);
        assert_eq!(scene.error_ms(), error_ms, "{there_ms} ms there, {back_ms} ms back");
    }
}

#[test]
fn a_slow_trip_changes_nothing_where_the_clock_is_known_better() {
    for (there_ms, back_ms) in [(3_000, 0), (0, 3_000), (90_000, 0), (0, 90_000)] {
        let scene = Scene::new(42);
        scene.trip(1, 1);
        assert_eq!(scene.error_ms(), 0);
        scene.trip(there_ms, back_ms);
        let worn_out_ms = i64::try_from((there_ms + back_ms) / 1_000).expect("small");
        assert!(scene.error_ms().abs() <= 1 + worn_out_ms, "{there_ms} ms there, {back_ms} back");
    }
    let slow_from_the_start = Scene::new(42);
    slow_from_the_start.trip(0, 3_000);
    assert_eq!(slow_from_the_start.error_ms(), -2_900, "nothing better is known");
    slow_from_the_start.trip(0, 2);
    assert_eq!(slow_from_the_start.error_ms(), -1, "half of the better trip");
}

#[test]
fn a_store_whose_clock_was_set_is_followed_at_once() {
    for step_ms in [300, 2_000, 3_600_000, -2_000, -3_600_000] {
        let mut scene = Scene::new(0);
        scene.trip(0, 0);
        scene.store_ahead_ms += step_ms;
        scene.trip(0, 0);
        assert_eq!(scene.error_ms(), 0, "a step of {step_ms} ms");
    }
}

#[test]
fn it_stands_still_rather_than_go_back_by_a_little() {
    let mut scene = Scene::new(0);
    scene.pass(10_000);
    scene.trip(0, 0);
    let shown = scene.clock.now();
    scene.store_ahead_ms -= 900;
    scene.trip(0, 0);
    assert_eq!(scene.clock.now(), shown);
    scene.pass(900);
    assert_eq!((scene.clock.now(), scene.error_ms()), (shown, 0));
    scene.pass(1);
    assert_eq!(scene.error_ms(), 0);
}

#[test]
fn a_better_observation_of_the_same_store_never_sets_the_clock_back() {
    let scene = Scene::new(0);
    scene.trip(4_000, 0);
    let shown = scene.clock.now();
    assert_eq!(scene.error_ms(), AHEAD_MAX_MS);
    scene.trip(0, 0);
    assert_eq!(scene.clock.now(), shown);
    scene.pass(100);
    assert_eq!(scene.error_ms(), 0);
}

#[test]
fn drift_is_followed() {
    let mut scene = Scene::new(0);
    for _ in 0..1_000 {
        scene.trip(1, 1);
        scene.pass(10_000);
        // Half a millisecond a second, as NTP slews.
        scene.store_ahead_ms += 5;
    }
    assert!(scene.error_ms().abs() <= 10, "{} ms", scene.error_ms());
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Pass(u64),
    Trip { there_ms: u64, back_ms: u64 },
    StoreSteps(i64),
}

fn passing() -> impl Strategy<Value = Event> {
    (0..20_000_u64).prop_map(Event::Pass)
}

fn trip() -> impl Strategy<Value = Event> {
    let way = || prop_oneof![3 => 0..5_u64, 1 => 0..3_000_u64];
    (way(), way()).prop_map(|(there_ms, back_ms)| Event::Trip { there_ms, back_ms })
}

fn store_steps() -> impl Strategy<Value = Event> {
    prop_oneof![4 => -400..400_i64, 1 => -5_000..5_000_i64].prop_map(Event::StoreSteps)
}

impl Scene {
    fn apply(&mut self, event: Event) {
        match event {
            Event::Pass(ms) => self.pass(ms),
            Event::Trip { there_ms, back_ms } => self.trip(there_ms, back_ms),
            Event::StoreSteps(ms) => self.store_ahead_ms += ms,
        }
    }
}

proptest! {
    /// Clocks run alike here, so what is known wears out for nothing, by 1 ms a second. Trips take up
    /// to six seconds, as with an executor that stalls.
    #[test]
    fn it_is_hardly_ever_early_late_by_its_trip_at_most_and_never_goes_back(
        ahead_ms in -10_000_000..10_000_000_i64,
        first in trip(),
        events in prop::collection::vec(prop_oneof![passing(), trip()], 0..60),
    ) {
        let mut scene = Scene::new(ahead_ms);
        scene.apply(first);
        for event in events {
            let before = scene.clock.now();
            scene.apply(event);
            prop_assert!(scene.clock.now() >= before);
            let course = *scene.clock.course();
            let known = course.known.expect("observed");
            let (low, high) = (known.range.low_ms, known.range.high_ms);
            prop_assert!((low..=high).contains(&ahead_ms), "{low}..={high} holds {ahead_ms}");
            if let Event::Trip { there_ms, back_ms } = event {
                prop_assert!(high - low <= i64::try_from(there_ms + back_ms).expect("small"));
            }
            let late_max_ms = ((high - low + 1) / 2).max(high - low - AHEAD_MAX_MS);
            prop_assert!(scene.error_ms() >= -late_max_ms, "late by {late_max_ms} ms at most");
            prop_assert!(scene.error_ms() <= AHEAD_MAX_MS, "nothing opens before its time");
        }
    }

    #[test]
    fn it_goes_back_only_if_the_store_did_so_by_more_than_a_second(
        events in prop::collection::vec(
            prop_oneof![6 => passing(), 12 => trip(), 2 => store_steps()],
            1..100,
        ),
    ) {
        let mut scene = Scene::new(0);
        scene.trip(0, 0);
        let (mut furthest_ahead_ms, mut went_back_ms) = (0, 0);
        for event in events {
            let before = scene.clock.now();
            scene.apply(event);
            furthest_ahead_ms = furthest_ahead_ms.max(scene.store_ahead_ms);
            went_back_ms = went_back_ms.max(furthest_ahead_ms - scene.store_ahead_ms);
            prop_assert!(scene.clock.now() >= before || went_back_ms > STEP_MS, "{went_back_ms}");
        }
    }
}
