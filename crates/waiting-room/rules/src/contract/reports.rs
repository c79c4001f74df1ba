//! What the booking API reports.

use kernel::ManualClock;

use super::fixtures::{Trial, after, pass_id};
use crate::state::{BookingReport, Counts};
use crate::store::RoomStore;

/// A count of so many places, made so many seconds after the start.
pub(super) fn counted(s: i64, places_left: u32) -> Counts {
    Counts {
        counted_at: after(s),
        places_left,
        held_passes: 2,
        held_seats: 3,
        queue_depth: 4,
        queue_depth_max: 5,
    }
}

async fn report(trial: &Trial<'_>, counts: Counts, departures: &[u64]) -> Option<Counts> {
    let departures = departures.iter().copied().map(pass_id).collect();
    let report = BookingReport { counts, departures };
    trial.store.report(trial.room(), &trial.beginner(), &report).await.expect("report");
    trial.state().await.report
}

/// The latest count wins, in whatever order reports come in.
pub async fn an_earlier_count_is_ignored(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.pass_s(20);
    assert_eq!(trial.state().await.report, None);
    assert_eq!(report(&trial, counted(10, 600), &[]).await, Some(counted(10, 600)));
    assert_eq!(report(&trial, counted(9, 650), &[]).await, Some(counted(10, 600)));
    assert_eq!(report(&trial, counted(11, 590), &[]).await, Some(counted(11, 590)));
}

/// A count that claims to come from the future was made at the latest now, and does not block later ones.
pub async fn a_count_from_the_future_counts_as_now(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.pass_s(20);
    assert_eq!(report(&trial, counted(3_600, 600), &[]).await, Some(counted(20, 600)));
    trial.pass_s(1);
    assert_eq!(report(&trial, counted(21, 590), &[]).await, Some(counted(21, 590)));
}

/// P18: after the store's clock was set back, what was counted before does not outlive the difference.
pub async fn a_count_from_before_a_clock_step_is_replaced(
    store: &dyn RoomStore,
    clock: &ManualClock,
) {
    let trial = Trial::open(store, clock).await;
    clock.set(after(1_000));
    report(&trial, counted(1_000, 0), &[]).await;
    clock.set(after(100));
    assert_eq!(report(&trial, counted(100, 50), &[]).await, Some(counted(100, 50)));
}

/// P9: whoever departed has no pass any longer, also if the count beside it is an old one.
pub async fn departures_end_passes(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(3).await;
    trial.call_to(3).await;
    for number in 0..3 {
        assert_eq!(trial.redeem(number, number).await, trial.new_pass());
    }
    trial.pass_s(20);
    report(&trial, counted(10, 600), &[1, 77]).await;
    assert_eq!(trial.state().await.active, 2);
    report(&trial, counted(9, 600), &[0]).await;
    assert_eq!(trial.state().await.active, 1);
    assert_eq!(trial.redeem(1, 1).await, crate::store::Redeemed::Used);
}
