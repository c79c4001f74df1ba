//! Drives the store and its model with the same operations and compares every reply, and all that is stored
//! after each: with instances that know less, other things or more, with losses, backups and clock steps.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::Runtime;

use crate::operation::{Operation, operation};
use crate::pair::Pair;

/// The model itself runs beside the store, so the reference needs no state to draw steps from.
struct AnyOrder;

impl ReferenceStateMachine for AnyOrder {
    type State = ();
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions(_state: &()) -> BoxedStrategy<Operation> {
        operation().boxed()
    }

    fn apply(_state: (), _operation: &Operation) {}
}

/// The pair, and the runtime that its connections live in.
struct Driven {
    pair: Pair,
    runtime: Runtime,
}

impl StateMachineTest for Driven {
    type SystemUnderTest = Self;
    type Reference = AnyOrder;

    fn init_test(_reference: &()) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        Self { pair: runtime.block_on(Pair::new()), runtime }
    }

    fn apply(mut driven: Self, _reference: &(), operation: Operation) -> Self {
        driven.runtime.block_on(driven.pair.operate(operation));
        driven
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_reply_is_the_models(sequential 1..80 => Driven);
}
