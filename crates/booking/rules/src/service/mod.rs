//! The use cases, one a file, and everything that runs behind them.
//!
//! A use case makes a command with its ids and hashes, and puts it into the batch, which runs in
//! a task of its own: a caller that goes away never drops a database future half-way.

mod accept_offer;
mod ask_link;
mod background;
mod book_group;
mod book_hold;
mod book_slot;
mod booking;
mod call_up;
mod cancel_booking;
mod change_contact;
mod clear_slots;
mod correct_person;
mod decline_offer;
mod departures;
mod end_pass;
mod erase_person;
mod failure;
mod find_hold;
mod hold;
mod join_waitlist;
mod leave_waitlist;
mod move_booking;
mod older;
mod open_car;
mod purge;
mod queues;
mod read;
mod registering;
mod release_hold;
mod renew_hold;
mod report;
mod rotate_token;
mod running;
#[cfg(test)]
mod tests;
mod token_for_letter;
mod trip;
#[cfg(test)]
mod trouble_tests;
mod view;
mod waitlist_entry;
mod waitlist_status;

use std::sync::Arc;

use arc_swap::ArcSwap;
use kernel::{Clock, Entropy, SyncedClock, Timestamp};
use tokio::sync::{Semaphore, watch};

pub use background::BookingsTasks;
pub use booking::BookingLookup;
pub use call_up::call_up_for;
pub(crate) use clear_slots::clear_in_pages;
pub use clear_slots::clear_slots;
pub use failure::Failure;
pub use find_hold::HoldLookup;
pub use purge::purge;
pub use report::{BookingReport, Load};
pub use token_for_letter::token_for_letter;
pub use view::{CampaignView, View};
pub use waitlist_entry::EntryLookup;
pub use waitlist_status::WaitlistStatus;

use crate::batch::{Asks, Idempotency};
use crate::booking::BookingId;
use crate::secrets::{BookingSecrets, IdempotencyScope, idempotency_key};
use crate::store::BookingStore;
use crate::waitlist::WaitlistEntryId;
use background::Troubled;
use departures::Departures;
use queues::Queues;
use running::RunningKeys;
use trip::Trips;

/// The limits of the booking service in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingsLimits {
    /// Commands of one campaign that may wait for a batch.
    pub queue_depth_max: usize,
    /// Commands of one batch, which is one transaction.
    pub batch_max: usize,
    /// Reads of single rows at the same time.
    pub reads_max: usize,
    /// Milliseconds between two looks at the places left.
    pub view_every_ms: u64,
    /// Overdue holds released by one sweep of a campaign.
    pub sweep_holds_max: u32,
    /// Offers made by one call-up of a waitlist.
    pub call_up_offers_max: u32,
    /// Departures of one campaign remembered until the waiting room hears of them.
    pub departures_max: usize,
}

impl Default for BookingsLimits {
    fn default() -> Self {
        Self {
            queue_depth_max: 4_096,
            batch_max: 256,
            reads_max: 256,
            view_every_ms: 500,
            sweep_holds_max: 500,
            call_up_offers_max: 500,
            // As many passes as a room may let in at a time: none is displaced.
            departures_max: 100_000,
        }
    }
}

/// The booking service of one process.
pub struct Bookings {
    store: Arc<dyn BookingStore>,
    clock: Arc<SyncedClock>,
    entropy: Arc<dyn Entropy>,
    secrets: BookingSecrets,
    queues: Arc<Queues>,
    reads: Arc<Semaphore>,
    running: RunningKeys,
    view: ArcSwap<View>,
    departures: Arc<Departures>,
    troubled: Troubled,
    closing: watch::Sender<bool>,
}

impl Bookings {
    /// Starts the service: the queues, and the task that keeps the view fresh and releases what
    /// has expired. It runs until [`Self::shut_down`]. Until the first look at the store has
    /// succeeded the view is empty.
    #[must_use]
    pub fn start(
        store: Arc<dyn BookingStore>,
        clock: Arc<SyncedClock>,
        entropy: Arc<dyn Entropy>,
        secrets: BookingSecrets,
        limits: BookingsLimits,
    ) -> (Arc<Self>, BookingsTasks) {
        let departures = Arc::new(Departures::new(limits.departures_max));
        let trips = Trips::new(Arc::clone(&store), Arc::clone(&departures));
        let queues = Arc::new(Queues::new(trips, Arc::clone(&clock), limits));
        let (closing, closed) = watch::channel(false);
        let bookings = Arc::new(Self {
            store,
            clock,
            entropy,
            secrets,
            queues: Arc::clone(&queues),
            reads: Arc::new(Semaphore::new(limits.reads_max)),
            running: RunningKeys::default(),
            view: ArcSwap::default(),
            departures,
            troubled: Troubled::default(),
            closing,
        });
        let ticker_task = tokio::spawn(background::tick(Arc::clone(&bookings), limits, closed));
        (bookings, BookingsTasks::new(queues, ticker_task))
    }

    /// The token of this generation that manages a booking.
    #[must_use]
    pub fn manage_token(&self, booking: BookingId, generation: u32) -> String {
        self.secrets.manage_token(booking, generation)
    }

    /// The token that manages an entry of a waitlist.
    #[must_use]
    pub fn entry_token(&self, entry: WaitlistEntryId) -> String {
        self.secrets.entry_token(entry)
    }

    /// All campaigns and their places, at most a second old.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// The store's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Refuses new commands from now on. The accepted ones are carried out, then the tasks end.
    pub fn shut_down(&self) {
        self.closing.send_replace(true);
        self.queues.shut_down();
    }

    /// Puts the command into the batch and waits for what comes of it.
    async fn submit<C: Asks>(&self, command: C) -> Result<C::Outcome, Failure> {
        let outcome = self.queues.submit(command.into()).await?;
        C::Outcome::try_from(outcome).map_err(|other| {
            // A store that mixes up its answers must not be believed.
            tracing::error!(?other, "the store answered with the outcome of another command");
            Failure::Broken
        })
    }

    /// What makes a request take effect at most once: its key among those of the pass, or of what it manages.
    fn idempotency(
        &self,
        scope: impl Into<IdempotencyScope>,
        key: &str,
        kind: &str,
        parts: &[&[u8]],
    ) -> Idempotency {
        Idempotency {
            key: idempotency_key(scope.into(), key),
            fingerprint: self.secrets.fingerprint(kind, parts),
        }
    }
}
