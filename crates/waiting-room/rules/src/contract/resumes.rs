//! Tickets that are kept for the codes that open them.

use std::time::Duration;

use kernel::ManualClock;

use super::fixtures::{Trial, by, created};
use crate::resume::{KeptTicket, RESUME_CODE_TTL, RESUME_CODES_MAX, ResumeName};
use crate::store::{RoomStore, RoomStoreError};

fn name(number: u32) -> ResumeName {
    let mut name = ResumeName::default();
    name[..4].copy_from_slice(&number.to_be_bytes());
    name
}

/// Something of every byte, and with the number in it.
fn kept(number: u32) -> KeptTicket {
    let sealed = (0..=255).chain(number.to_be_bytes()).collect();
    KeptTicket { name: name(number), sealed }
}

async fn keep(trial: &Trial<'_>, numbers: &[u32]) -> Vec<bool> {
    let kept: Vec<_> = numbers.iter().copied().map(kept).collect();
    trial.store.keep_tickets(trial.room(), &trial.beginner(), &kept).await.expect("kept")
}

/// Which of these are there.
async fn take(trial: &Trial<'_>, numbers: &[u32]) -> Vec<bool> {
    let names: Vec<_> = numbers.iter().copied().map(name).collect();
    let taken = trial.store.take_tickets(trial.room(), &trial.beginner(), &names).await;
    let taken = taken.expect("taken");
    assert_eq!(taken.len(), numbers.len());
    let is_there = numbers.iter().zip(taken).map(|(number, taken)| {
        taken.is_some_and(|sealed| {
            assert_eq!(sealed, kept(*number).sealed, "what was kept, byte for byte");
            true
        })
    });
    is_there.collect()
}

/// Two devices that try the same code get one ticket between them.
pub async fn a_kept_ticket_is_taken_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    assert_eq!(keep(&trial, &[1, 2]).await, [true, true]);
    assert_eq!(take(&trial, &[1, 3, 1]).await, [true, false, false]);
    assert_eq!(take(&trial, &[1, 2]).await, [false, true]);
    assert_eq!(take(&trial, &[]).await, [false; 0]);
}

/// Whenever it was kept, a ticket is there for exactly as long as was said.
pub async fn a_kept_ticket_has_an_end(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let moment = Duration::from_millis(1);
    for (number, wait_s) in [(1, 0), (3, 240), (5, 599), (7, 1)] {
        trial.pass_s(wait_s);
        keep(&trial, &[number, number + 1]).await;
        clock.advance(RESUME_CODE_TTL.saturating_sub(moment));
        assert_eq!(take(&trial, &[number]).await, [true]);
        clock.advance(moment);
        assert_eq!(take(&trial, &[number + 1]).await, [false]);
    }
}

/// Whoever makes codes without end fills a room and no store, and for a while only.
pub async fn kept_tickets_are_bounded(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let most = u32::try_from(RESUME_CODES_MAX).expect("a small number");
    let numbers: Vec<u32> = (0..most + 2).collect();
    let mut done = Vec::new();
    for batch in numbers.chunks(1_000) {
        done.extend(keep(&trial, batch).await);
    }
    assert_eq!(done.iter().filter(|done| **done).count(), RESUME_CODES_MAX);
    assert!(!done[RESUME_CODES_MAX] && !done[RESUME_CODES_MAX + 1]);
    assert_eq!(take(&trial, &[0, most]).await, [true, false]);
    clock.advance(RESUME_CODE_TTL);
    assert_eq!(keep(&trial, &[most]).await, [true]);
}

/// What was kept of a line is gone with it, and a store that has forgotten the room says so.
pub async fn kept_tickets_end_with_the_line(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    keep(&trial, &[1]).await;
    assert!(store.remove(trial.room(), &by().removed()).await.expect("removed"));
    let later = crate::contract::fixtures::line_settings("contract", 2);
    store.create(&later, &created(&later)).await.expect("created");
    let old = store.take_tickets(trial.room(), &trial.beginner(), &[name(1)]).await;
    assert!(matches!(old, Err(RoomStoreError::Replaced(_))), "{old:?}");
    let later = Trial { store, clock, settings: later };
    assert_eq!(take(&later, &[1]).await, [false]);
}
