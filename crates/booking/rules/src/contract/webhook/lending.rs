//! What becomes of deliveries.

use std::time::Duration;

use super::{
    DeliveryEnd, LEASE, WebhookStore, apply, book, book_at, cancel, everything, execute, failed,
    follow, kept, later, lend, register, scene, settle, told, town,
};
use crate::batch::Command;
use crate::store::BookingStore;
use crate::webhook::{FAILED_MAX, UNTRIED_MAX};

/// Nobody else gets a delivery while its lease lasts.
pub async fn a_delivery_is_lent_to_one(store: &dyn BookingStore, webhooks: &dyn WebhookStore) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    let commands: Vec<Command> = (1..=5).map(book).collect();
    execute(store, &commands, 10).await;
    follow(webhooks, &everything("town")).await;
    assert_eq!(lend(webhooks, 1, scene::at(9), 10).await, [], "nothing is due");
    let first = lend(webhooks, 1, scene::at(10), 3).await;
    let second = lend(webhooks, 2, scene::at(10), 10).await;
    let numbers = |lent: &[_]| told(lent).iter().map(|(number, _)| *number).collect::<Vec<_>>();
    assert_eq!((numbers(&first), numbers(&second)), (vec![2, 3, 4], vec![5, 6]));
    let end = scene::at(10).plus(LEASE);
    assert_eq!(lend(webhooks, 3, end.minus(Duration::from_millis(1)), 10).await, []);
    let again = lend(webhooks, 3, end, 10).await;
    assert_eq!(numbers(&again), [2, 3, 4, 5, 6], "the leases have run out");
    assert!(again.iter().all(|delivery| delivery.attempts == 2));
    assert!(again.iter().zip(first.iter().chain(&second)).all(|(a, b)| a.body == b.body));
}

/// Who was away for too long has lost the delivery, but what was taken was taken.
pub async fn a_lease_that_ran_out_settles_nothing_but_what_was_taken(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    execute(store, &[book(1), book(2), book(3)], 10).await;
    follow(webhooks, &everything("town")).await;
    let lent = lend(webhooks, 1, scene::at(10), 10).await;
    let [a, b, c] = [0, 1, 2].map(|index| &lent[index].id);
    let at = scene::at(10).plus(LEASE);
    assert_eq!(lend(webhooks, 2, at, 10).await.len(), 3);
    settle(webhooks, 1, &[a], failed(200)).await;
    settle(webhooks, 1, &[b], DeliveryEnd::Taken).await;
    settle(webhooks, 1, &[c], later(201)).await;
    assert_eq!(kept(webhooks).await, (2, 0));
    assert_eq!(lend(webhooks, 3, scene::at(201), 10).await, [], "it is still lent");
    // The other one says what became of its own.
    settle(webhooks, 2, &[a, b], failed(210)).await;
    settle(webhooks, 2, &[c], later(220)).await;
    assert_eq!(kept(webhooks).await, (1, 1));
    let again = lend(webhooks, 4, scene::at(220), 10).await;
    assert_eq!((&again[0].id, again[0].attempts), (c, 3));
    assert_eq!(again[0].reason.as_deref(), Some("silent"));
}

/// What was given up is listed, and is as new when it is tried again.
pub async fn what_was_given_up_can_be_tried_again(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    execute(store, &(1..=4).map(book).collect::<Vec<_>>(), 10).await;
    follow(webhooks, &everything("town")).await;
    let lent = lend(webhooks, 1, scene::at(10), 3).await;
    let [a, b, c] = [0, 1, 2].map(|index| &lent[index].id);
    settle(webhooks, 1, &[a, b], failed(20)).await;
    settle(webhooks, 1, &[c], later(9_000)).await;
    let list = async |after| webhooks.failed_deliveries(&town(), after, 10).await.expect("answers");
    let given_up = list(None).await;
    assert_eq!(given_up.iter().map(|delivery| &delivery.id).collect::<Vec<_>>(), [a, b]);
    assert_eq!(given_up[0].failed_at, Some(scene::at(20)));
    assert_eq!(given_up[0].reason.as_deref(), Some("status 500"));
    assert_eq!(list(Some(a)).await.len(), 1);
    assert_eq!(list(Some(b)).await, []);
    assert_eq!(lend(webhooks, 2, scene::at(20), 10).await.len(), 1, "the fourth");
    let retried = webhooks.retry_deliveries(&town(), scene::at(40)).await;
    assert_eq!(retried.expect("answers"), 3, "what is lent is being tried");
    assert_eq!((list(None).await, kept(webhooks).await), (vec![], (4, 0)));
    let again = lend(webhooks, 3, scene::at(40), 10).await;
    assert_eq!(again.iter().map(|delivery| &delivery.id).collect::<Vec<_>>(), [a, b, c]);
    assert!(again.iter().all(|delivery| delivery.attempts == 1));
}

/// What waits for a later attempt is due at once, and was tried as often as it was; what is lent or given up is left alone.
pub async fn an_endpoint_that_takes_again_is_sent_what_waits(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    execute(store, &(1..=4).map(book).collect::<Vec<_>>(), 10).await;
    follow(webhooks, &everything("town")).await;
    let first = lend(webhooks, 1, scene::at(10), 3).await;
    let [a, b, c] = [0, 1, 2].map(|index| &first[index].id);
    settle(webhooks, 1, &[a], failed(20)).await;
    settle(webhooks, 1, &[b, c], later(90_000)).await;
    assert_eq!(lend(webhooks, 2, scene::at(20), 10).await.len(), 1, "the fourth");
    webhooks.hasten_deliveries(&town(), scene::at(30)).await.expect("the store answers");
    assert_eq!(lend(webhooks, 3, scene::at(29), 10).await, []);
    let again = lend(webhooks, 3, scene::at(30), 10).await;
    assert_eq!(again.iter().map(|delivery| &delivery.id).collect::<Vec<_>>(), [b, c]);
    assert!(again.iter().all(|delivery| delivery.attempts == 2));
    assert_eq!(kept(webhooks).await, (3, 1));
}

/// Books and cancels more often than deliveries may wait; how many follow.
async fn tell_much(store: &dyn BookingStore) -> u64 {
    // Each round tells 44 times that somebody booked, cancelled, and left a place.
    let (rounds, of_round): (u32, u32) = (9, 44);
    for round in 0..rounds {
        let bookings = round * of_round + 1..=(round + 1) * of_round;
        let at = u64::from(round) + 20_000;
        let book: Vec<_> = bookings.clone().map(|booking| book_at(booking, at)).collect();
        execute(store, &book, at).await;
        execute(store, &bookings.map(cancel).collect::<Vec<_>>(), at).await;
    }
    let all = u64::from(rounds * of_round * 3);
    assert!(all > UNTRIED_MAX + 100, "{all}");
    all
}

/// An endpoint that was away for long is told of what is new, though much of what is old waits for a later attempt.
pub async fn what_was_tried_keeps_no_reader_waiting(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    let everything = everything("town");
    let all = tell_much(store).await;
    let first = follow(webhooks, &everything).await;
    assert!((UNTRIED_MAX..all).contains(&first), "{first}");
    let lent = lend(webhooks, 1, scene::at(40_000), 2_000).await;
    let ids: Vec<_> = lent.iter().map(|delivery| &delivery.id).collect();
    settle(webhooks, 1, &ids, later(90_000)).await;
    assert_eq!(kept(webhooks).await, (first, 0));
    assert_eq!(follow(webhooks, &everything).await, all - first, "they keep nothing waiting");
}

/// Who takes nothing fills no disk, and loses nothing but what was given up long ago.
pub async fn what_is_kept_of_an_endpoint_is_bounded(
    store: &dyn BookingStore,
    webhooks: &dyn WebhookStore,
) {
    apply(store).await;
    register(webhooks, "town", 0).await;
    let everything = everything("town");
    let all = tell_much(store).await;
    let first = follow(webhooks, &everything).await;
    assert!((UNTRIED_MAX..all).contains(&first), "{first}");
    assert_eq!(follow(webhooks, &everything).await, 0, "so many wait");
    assert_eq!(webhooks.news_for(&everything).await.expect("answers").len(), 1);

    let lent = lend(webhooks, 1, scene::at(40_000), 2_000).await;
    let ids: Vec<_> = lent.iter().map(|delivery| &delivery.id).collect();
    settle(webhooks, 1, &ids, failed(40_000)).await;
    assert_eq!(kept(webhooks).await, (0, FAILED_MAX));
    assert_eq!(follow(webhooks, &everything).await, all - first, "nothing is lost");
    let lent = lend(webhooks, 2, scene::at(50_000), 2_000).await;
    let ids: Vec<_> = lent.iter().map(|delivery| &delivery.id).collect();
    settle(webhooks, 2, &ids, failed(50_000)).await;
    assert_eq!(kept(webhooks).await, (0, FAILED_MAX));
    let last = webhooks.failed_deliveries(&town(), None, u32::MAX).await.expect("answers");
    let numbers: Vec<_> = last.iter().map(|delivery| delivery.id.number).collect();
    let expected: Vec<u64> = (all + 2 - FAILED_MAX..=all + 1).collect();
    assert_eq!(numbers, expected, "the latest");
}
