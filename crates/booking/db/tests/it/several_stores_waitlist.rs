//! Several instances on one database, and people who wait.

use booking::BookingStore;
use booking::contract::agree_with_the_model_on_waitlists;
use booking::contract::script::random_waitlist;

use crate::fixture::{Fixture, on_postgres, on_sqlite, open};

/// Whichever instance a batch goes through, people join, leave, accept, decline and are called as if there were one.
async fn two_instances_agree_with_the_model(fixture: Fixture, seed: u64) {
    let (one, other) = (open(&fixture.url).await, open(&fixture.url).await);
    // Mostly one of them, so that it has something to remember.
    let stores: [&dyn BookingStore; 3] = [&one, &one, &other];
    agree_with_the_model_on_waitlists(&stores, random_waitlist(seed, 60).await).await;
}

#[tokio::test]
async fn two_instances_agree_with_the_model_on_postgres() {
    for seed in 0..4 {
        two_instances_agree_with_the_model(on_postgres().await, seed).await;
    }
}

#[tokio::test]
async fn two_instances_agree_with_the_model_on_sqlite() {
    for seed in 4..6 {
        two_instances_agree_with_the_model(on_sqlite().await, seed).await;
    }
}
