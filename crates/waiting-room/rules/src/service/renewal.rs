//! The renewal of the views: many rooms in one trip, hot ones often, cold ones seldom, and one that
//! fails or hangs keeps no other from its turn (P20).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};
use kernel::Stopwatch;
use metrics::{counter, gauge, histogram};
use tokio::time::MissedTickBehavior;

use super::room::Renewing;
use super::{OpenRoom, WaitingRoom};
use crate::store::{Reading, Result, RoomStoreError};

/// Rooms read in one trip.
const ROOMS_PER_TRIP: usize = 100;
/// Trips at once.
const TRIPS_AT_ONCE: usize = 8;
/// Rooms of one trip that are worked on at once.
const ROOMS_AT_ONCE: usize = 32;
/// A cold room is renewed once in so many ticks.
pub(super) const TICKS_OF_COLD_ROOMS: u32 = 16;
/// Rooms are looked for, and the store's durability looked at, once in so many ticks.
const TICKS_OF_DISCOVERY: u64 = 8;

impl WaitingRoom {
    /// Renews all views and looks for rooms, over and over; after a panic it begins again. Runs until it
    /// is dropped.
    pub async fn keep_renewing(self: Arc<Self>) {
        while AssertUnwindSafe(self.renew_at_every_tick()).catch_unwind().await.is_err() {
            counter!("room_renewal_panics_total").increment(1);
            tracing::error!("the renewal of the views has panicked and begins again");
            tokio::task::yield_now().await;
        }
    }

    /// What one tick began may still be under way at the next ones: then these leave it alone.
    async fn renew_at_every_tick(&self) {
        let mut ticks = tokio::time::interval(self.parts.limits.renew_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewals = FuturesUnordered::new();
        let mut looks = FuturesUnordered::new();
        let mut tick = 0_u64;
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    if tick.is_multiple_of(TICKS_OF_DISCOVERY) && looks.is_empty() {
                        looks.push(self.look_around());
                    }
                    renewals.push(self.renew_at_tick(tick));
                    tick += 1;
                }
                Some(()) = renewals.next() => (),
                Some(()) = looks.next() => (),
            }
        }
    }

    async fn renew_at_tick(&self, tick: u64) {
        // Before the renewal, when the views are as old as they get.
        self.count_ages();
        let watch = Stopwatch::start();
        let with_cold = tick.is_multiple_of(TICKS_OF_COLD_ROOMS.into());
        self.renew_those(|open| with_cold || open.room.is_hot()).await;
        histogram!("room_renewal_seconds").record(watch.elapsed());
    }

    async fn look_around(&self) {
        if let Err(error) = self.discover().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "rooms could not be listed");
        }
    }

    pub(super) async fn look_at_durability(&self) {
        match self.parts.store.ready().await {
            Ok(()) => self.is_durable.store(true, Ordering::Relaxed),
            Err(RoomStoreError::Unusable(why)) => {
                if self.is_durable.swap(false, Ordering::Relaxed) {
                    tracing::error!(why, "nothing is issued: the room store would lose it");
                }
            }
            // Whether a store that is away is durable shows when it is back.
            Err(
                RoomStoreError::Unavailable(_)
                | RoomStoreError::Behind(_)
                | RoomStoreError::Replaced(_),
            ) => (),
        }
    }

    /// Renews all views once. A room whose store does not answer keeps what it knows.
    pub async fn renew(&self) {
        self.renew_those(|_| true).await;
    }

    async fn renew_those(&self, is_due: impl Fn(&OpenRoom) -> bool) {
        let rooms = self.rooms.load_full();
        let begin = |open| Some(Due { open, renewing: OpenRoom::begin_renewal(open)? });
        let due = rooms.values().map(|open| &**open).filter_map(begin);
        let mut due: Vec<Due<'_>> = due.filter(|due| is_due(due.open)).collect();
        let mut trips = Vec::new();
        while !due.is_empty() {
            let rest = due.split_off(due.len().min(ROOMS_PER_TRIP));
            trips.push(std::mem::replace(&mut due, rest));
        }
        stream::iter(trips)
            .for_each_concurrent(TRIPS_AT_ONCE, |trip| async move {
                let answers = self.read(&trip).await;
                stream::iter(trip.into_iter().zip(answers))
                    .for_each_concurrent(ROOMS_AT_ONCE, |(due, answer)| due.renew(answer))
                    .await;
            })
            .await;
    }

    async fn read(&self, rooms: &[Due<'_>]) -> Vec<Result<Reading>> {
        let asks: Vec<_> = rooms.iter().map(|due| due.open.room.ask()).collect();
        let sending = self.clock.sending();
        let answers = match self.parts.store.read(&asks).await {
            Ok(answers) => answers,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the views could not be renewed");
                let away = || Err(RoomStoreError::Unavailable("see the failure before".into()));
                std::iter::repeat_with(away).take(asks.len()).collect()
            }
        };
        if let Some(reading) = answers.iter().find_map(|answer| answer.as_ref().ok()) {
            self.clock.observe(sending, reading.now);
        }
        answers
    }

    /// The age of the oldest view of a room in which something moves.
    #[must_use]
    pub fn oldest_view(&self) -> Duration {
        let rooms = self.rooms.load();
        let hot = rooms.values().filter(|open| open.room.view().people_waiting() > 0);
        hot.map(|open| open.room.view_age()).max().unwrap_or_default()
    }

    fn count_ages(&self) {
        gauge!("room_view_age_seconds_max").set(self.oldest_view().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer rooms")]
        gauge!("rooms_open").set(self.rooms.load().len() as f64);
    }
}

impl OpenRoom {
    fn begin_renewal(&self) -> Option<Renewing<'_>> {
        self.room.begin_renewal()
    }
}

/// A room whose view is being renewed.
struct Due<'a> {
    open: &'a OpenRoom,
    renewing: Renewing<'a>,
}

impl Due<'_> {
    async fn renew(self, answer: Result<Reading>) {
        renew_one(self.open, answer).await;
        drop(self.renewing);
    }
}

/// Renews one view; a panic in it stays with it.
async fn renew_one(open: &OpenRoom, answer: Result<Reading>) {
    let was_away = matches!(answer, Err(RoomStoreError::Unavailable(_)));
    let renewed = AssertUnwindSafe(open.room.renewed(answer)).catch_unwind().await;
    match renewed {
        Ok(Ok(())) => {
            open.measures.tell(&open.room.view());
            return;
        }
        Ok(Err(error)) if !was_away => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(room = %open.room.id(), error, "the view could not be renewed");
        }
        Ok(Err(_)) => (),
        Err(_) => tracing::error!(room = %open.room.id(), "the renewal of the view has panicked"),
    }
    open.room.show_time();
}
