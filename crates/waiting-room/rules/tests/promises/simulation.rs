//! Random crowds on several instances, with losses of every degree: what everybody was told is held against the
//! promises at every step, and at the end all who waited and came have been let in.
//!
//! A failure prints the steps that lead to it, and is tried again in every later run.

mod crowd;
mod steps;
mod world;

use proptest::prelude::*;

use steps::Step;
use world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// P8, P9, P10, P11, P12, P17 and P18.
    #[test]
    fn the_promises_hold_over_losses(steps in prop::collection::vec(steps::step(), 1..70)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.take(step).await;
            }
            world.let_everybody_in().await;
        });
    }
}

/// P12: everything is lost right after a draw, and one instance draws the lost boundary again before it has heard of
/// the tickets that the others have seen: too far back, but nobody who came after the draw falls into it.
#[tokio::test]
async fn whoever_came_after_a_draw_that_is_lost_stays_behind_it() {
    let mut world = World::new().await;
    let arrive = |person| Step::Arrive { instance: 0, people: vec![person] };
    for step in [
        arrive(0),
        Step::Pass { s: 300, renewing: false },
        arrive(3),
        arrive(0),
        arrive(0),
        Step::Lose { everything: true, with_all_instances: true },
        Step::Pass { s: 38, renewing: false },
        arrive(0),
        Step::Poll { instance: 0, from: 0, count: 2 },
        Step::Pass { s: 1, renewing: true },
        Step::Poll { instance: 1, from: 0, count: 2 },
    ] {
        world.take(step).await;
    }
    world.let_everybody_in().await;
}
