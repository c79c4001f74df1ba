//! Random crowds on several instances, with losses of every degree: what everybody was told is held against the
//! promises at every step, and at the end all who waited and came have been let in.
//!
//! A failure prints the steps that lead to it, and is tried again in every later run.

mod crowd;
mod steps;
mod world;

use proptest::prelude::*;

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
