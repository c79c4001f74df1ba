//! Every store agrees with the model on waitlists.

use std::sync::Arc;

use kernel::ManualClock;

use super::super::scene;
use super::super::script::{Step, random_waitlist};
use super::super::{event, many};
use crate::memory::MemoryStore;
use crate::store::BookingStore;

/// Plays a long random script of a waitlist on `store` and on the model.
pub async fn it_agrees_with_the_model_on_waitlists(store: &dyn BookingStore) {
    agree_with_the_model_on_waitlists(&[store], random_waitlist(20_210_614, 150).await).await;
}

/// Plays a script on the model, and on the same empty database through `stores` in turn: same outcomes, same
/// places, same entries, same bookings, same events.
pub async fn agree_with_the_model_on_waitlists(stores: &[&dyn BookingStore], script: Vec<Step>) {
    let model = MemoryStore::new(Arc::new(ManualClock::at(scene::at(0))));
    for (Step { now, plan, commands }, store) in script.into_iter().zip(stores.iter().cycle()) {
        if let Some(plan) = &plan {
            let actual = store.apply_campaign(plan, now).await.expect("the store answers");
            let expected = model.apply_campaign(plan, now).await.expect("the model answers");
            assert_eq!(actual, expected, "the plan at {now}");
        }
        let actual = many(*store, &commands, now).await;
        let expected = many(&model, &commands, now).await;
        for ((actual, expected), command) in actual.iter().zip(&expected).zip(&commands) {
            assert_eq!(actual, expected, "at {now}: {command:?}");
        }
        let campaign = scene::slot("rehearsal");
        let actual = store.availability(&campaign, now).await.expect("the store answers");
        let expected = model.availability(&campaign, now).await.expect("the model answers");
        assert_eq!(actual, expected, "places at {now}");
    }
    let store = stores[0];
    for entry in model.waitlist_entries() {
        let actual = store.waitlist_entry(entry.id).await.expect("the store answers");
        let expected = model.waitlist_entry(entry.id).await.expect("the model answers");
        assert_eq!(actual, expected);
    }
    for expected in model.bookings() {
        let actual = store.booking(expected.registration.booking).await.expect("the store answers");
        assert_eq!(actual.as_ref(), Some(&expected));
    }
    assert_eq!(event::happened(store).await, event::happened(&model).await);
}
