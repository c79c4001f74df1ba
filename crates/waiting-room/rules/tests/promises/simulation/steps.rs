//! What can happen.

use proptest::prelude::*;

use super::world::INSTANCES;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// People arrive, some of whom have tickets already.
    Arrive { instance: usize, people: Vec<usize> },
    /// Time passes; the instances renew their views as they do, if they do.
    Pass { s: u64, renewing: bool },
    /// An instance renews its views.
    Renew { instance: usize },
    /// People ask where they stand.
    Poll { instance: usize, from: usize, count: usize },
    /// People try to take their pass.
    Redeem { instance: usize, from: usize, count: usize },
    /// Somebody gives the pass back.
    Leave { instance: usize, who: usize },
    /// The booking API reports.
    Report { instance: usize, places_left: u32 },
    /// An operator changes the levers.
    Set { paused: bool, max_active: u32, pace_per_minute: u32, burst: u32 },
    /// An instance is restarted.
    Restart { instance: usize },
    /// The store is backed up.
    BackUp,
    /// The store loses something.
    Lose { everything: bool, with_all_instances: bool },
}

pub fn step() -> impl Strategy<Value = Step> {
    let instance = || 0..INSTANCES;
    let (from, count) = (|| 0_usize..1_000, || 1_usize..12);
    let levers = (prop::bool::weighted(0.2), 1_u32..12, 20_u32..120, 1_u32..15);
    let people = prop::collection::vec(0_usize..150, 1..12);
    prop_oneof![
        8 => (instance(), people).prop_map(|(instance, people)| Step::Arrive { instance, people }),
        6 => (prop_oneof![4 => 1_u64..30, 1 => 30_u64..700], prop::bool::weighted(0.8))
            .prop_map(|(s, renewing)| Step::Pass { s, renewing }),
        6 => instance().prop_map(|instance| Step::Renew { instance }),
        8 => (instance(), from(), count())
            .prop_map(|(instance, from, count)| Step::Poll { instance, from, count }),
        10 => (instance(), from(), count())
            .prop_map(|(instance, from, count)| Step::Redeem { instance, from, count }),
        2 => (instance(), from()).prop_map(|(instance, who)| Step::Leave { instance, who }),
        1 => (instance(), 0_u32..40)
            .prop_map(|(instance, places_left)| Step::Report { instance, places_left }),
        1 => levers.prop_map(|(paused, max_active, pace_per_minute, burst)| Step::Set {
            paused, max_active, pace_per_minute, burst,
        }),
        1 => instance().prop_map(|instance| Step::Restart { instance }),
        2 => Just(Step::BackUp),
        1 => any::<(bool, bool)>().prop_map(|(everything, with_all_instances)| Step::Lose {
            everything, with_all_instances,
        }),
    ]
}
