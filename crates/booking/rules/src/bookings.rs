//! The use cases, and everything that runs behind them.
//!
//! A use case makes a [`Command`] with its ids and hashes, and puts it into the batch, which runs in
//! a task of its own: a caller that goes away never drops a database future half-way.

mod background;
mod queues;
mod read;
mod report;
mod running;
#[cfg(test)]
mod tests;
mod trip;
#[cfg(test)]
mod trouble_tests;
mod view;

use std::sync::Arc;

use arc_swap::ArcSwap;
use kernel::{CampaignId, Clock, Entropy, SubmitError, SyncedClock, Timestamp};
use tokio::sync::{Semaphore, watch};

pub use background::BookingsTasks;
pub use read::{BookingLookup, HoldLookup};
pub use report::{BookingReport, Load};
pub use view::{CampaignView, View};

use crate::campaign::SlotId;
use crate::command::{
    BindingCheck, BookHold, BookSlot, BookingCode, BookingId, CancelBooking, Command, EndPass,
    HoldId, HoldSeats, Idempotency, PassGrant, Registration, ReleaseHold, RenewHold, TokenHash,
};
use crate::outcome::{
    BookHoldOutcome, BookSlotOutcome, CancelOutcome, EndPassOutcome, HoldOutcome, Outcome,
    ReleaseOutcome, RenewOutcome,
};
use crate::person::Person;
use crate::secrets::{BookingSecrets, IdempotencyScope, idempotency_key};
use crate::store::{BookingStore, StoreError};
use background::Troubled;
use queues::Queues;
use report::Departures;
use running::RunningKeys;

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
    /// Departures of one campaign remembered until the waiting room hears of them.
    pub departures_max: usize,
}

impl Default for BookingsLimits {
    fn default() -> Self {
        Self {
            queue_depth_max: 4_096,
            batch_max: 64,
            reads_max: 256,
            view_every_ms: 500,
            sweep_holds_max: 500,
            departures_max: 10_000,
        }
    }
}

/// Why a use case has no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many are waiting, or what they wait for is taken. Nothing was done; try again later.
    #[error("the service is overloaded")]
    Overloaded,
    /// The store does not answer, or the service is shutting down. Whether the command took effect
    /// may be unknown: repeat it under the same key.
    #[error("the booking store is unavailable")]
    Unavailable,
    /// The same request is being carried out right now.
    #[error("the same request is being carried out")]
    RequestInProgress,
    /// The store answers what it must not.
    #[error("the booking store is broken")]
    Broken,
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Busy { .. } => Self::Overloaded,
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::Broken { .. } => Self::Broken,
        }
    }
}

impl From<SubmitError<Failure>> for Failure {
    fn from(error: SubmitError<Failure>) -> Self {
        match error {
            SubmitError::Full | SubmitError::Shed => Self::Overloaded,
            SubmitError::Away | SubmitError::ShuttingDown | SubmitError::Lost => Self::Unavailable,
            SubmitError::Failed(failure) => failure,
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
    departures: Departures,
    troubled: Troubled,
    closing: watch::Sender<bool>,
}

/// Takes the outcome of the kind that belongs to the command.
macro_rules! outcome {
    ($outcome:expr, $kind:path) => {
        match $outcome {
            $kind(outcome) => Ok(outcome),
            // A store that mixes up its answers must not be believed.
            other => {
                tracing::error!(?other, "the store answered with the outcome of another command");
                Err(Failure::Broken)
            }
        }
    };
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
        let queues = Queues::new(Arc::clone(&store), Arc::clone(&clock), limits);
        let queues = Arc::new(queues);
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
            departures: Departures::new(limits.departures_max),
            troubled: Troubled::default(),
            closing,
        });
        let ticker_task = tokio::spawn(background::tick(Arc::clone(&bookings), limits, closed));
        (bookings, BookingsTasks::new(queues, ticker_task))
    }

    /// Keeps seats of a slot.
    pub async fn hold(
        &self,
        pass: PassGrant,
        slot: SlotId,
        seats: u8,
        key: &str,
    ) -> Result<HoldOutcome, Failure> {
        let parts = [pass.campaign.as_str().as_bytes(), slot.as_str().as_bytes(), &[seats]];
        let idempotency = self.idempotency(&pass, key, "hold", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let hold = HoldId::new(self.now(), &*self.entropy);
        let command = Command::Hold(HoldSeats { pass, slot, seats, hold, idempotency });
        outcome!(self.submit(command).await?, Outcome::Hold)
    }

    /// Starts the time of a hold again.
    pub async fn renew_hold(
        &self,
        pass: PassGrant,
        hold: HoldId,
        key: &str,
    ) -> Result<RenewOutcome, Failure> {
        let idempotency = self.idempotency(&pass, key, "renew-hold", &[hold.as_bytes()]);
        let _running = self.running.enter(idempotency.key)?;
        let command = Command::RenewHold(RenewHold { pass, hold, idempotency });
        outcome!(self.submit(command).await?, Outcome::RenewHold)
    }

    /// Gives the seats of a hold back that nobody is registered for.
    pub async fn release_hold(
        &self,
        pass: PassGrant,
        hold: HoldId,
    ) -> Result<ReleaseOutcome, Failure> {
        let pass_id = pass.pass_id;
        let campaign = pass.campaign.clone();
        let command = Command::ReleaseHold(ReleaseHold { pass, hold });
        let outcome = outcome!(self.submit(command).await?, Outcome::ReleaseHold)?;
        if outcome == ReleaseOutcome::Released {
            tracing::debug!(%campaign, %pass_id, "hold released");
        }
        Ok(outcome)
    }

    /// Registers one person onto a hold.
    pub async fn book_hold(
        &self,
        pass: PassGrant,
        hold: HoldId,
        person: &Person,
        key: &str,
    ) -> Result<BookHoldOutcome, Failure> {
        let idempotency = self.idempotency(
            &pass,
            key,
            "book-hold",
            &[&hold.as_bytes()[..], &person_bytes(person)],
        );
        let _running = self.running.enter(idempotency.key)?;
        let binding = self.check_binding(&pass, person)?;
        let registration = self.registration(&pass.campaign, person);
        let (campaign, pass_id) = (pass.campaign.clone(), pass.pass_id);
        let command =
            Command::BookHold(BookHold { pass, hold, registration, binding, idempotency });
        let outcome = outcome!(self.submit(command).await?, Outcome::BookHold)?;
        if matches!(&outcome, BookHoldOutcome::Booked(booked) if booked.hold_complete) {
            self.departures.add(&campaign, pass_id);
        }
        Ok(outcome)
    }

    /// Holds one seat and books it in one step.
    pub async fn book_slot(
        &self,
        pass: PassGrant,
        slot: SlotId,
        person: &Person,
        key: &str,
    ) -> Result<BookSlotOutcome, Failure> {
        let person_bytes = person_bytes(person);
        let parts = [pass.campaign.as_str().as_bytes(), slot.as_str().as_bytes(), &person_bytes];
        let idempotency = self.idempotency(&pass, key, "book-slot", &parts);
        let _running = self.running.enter(idempotency.key)?;
        let binding = self.check_binding(&pass, person)?;
        let registration = self.registration(&pass.campaign, person);
        let (campaign, pass_id) = (pass.campaign.clone(), pass.pass_id);
        let command =
            Command::BookSlot(BookSlot { pass, slot, registration, binding, idempotency });
        let outcome = outcome!(self.submit(command).await?, Outcome::BookSlot)?;
        if matches!(&outcome, BookSlotOutcome::Booked(_)) {
            self.departures.add(&campaign, pass_id);
        }
        Ok(outcome)
    }

    /// Gives a pass back: nothing new begins with it. The waiting room hears of it once the pass has
    /// no open hold.
    pub async fn end_pass(&self, pass: PassGrant) -> Result<EndPassOutcome, Failure> {
        let (campaign, pass_id) = (pass.campaign.clone(), pass.pass_id);
        let command = Command::EndPass(EndPass { pass });
        let outcome = outcome!(self.submit(command).await?, Outcome::EndPass)?;
        match outcome {
            EndPassOutcome::Ended => self.departures.add(&campaign, pass_id),
            EndPassOutcome::CampaignNotFound => {}
        }
        Ok(outcome)
    }

    /// Gives a booked place back.
    pub async fn cancel_booking(
        &self,
        booking: BookingId,
        manage_token: &str,
        key: &str,
    ) -> Result<CancelOutcome, Failure> {
        let idempotency = Idempotency {
            key: idempotency_key(IdempotencyScope::Booking(booking), key),
            fingerprint: self.secrets.fingerprint("cancel-booking", &[booking.as_bytes()]),
        };
        let _running = self.running.enter(idempotency.key)?;
        let campaign = match self.booking(booking, manage_token).await? {
            BookingLookup::Found(booking) => booking.campaign,
            BookingLookup::BookingNotFound => return Ok(CancelOutcome::BookingNotFound),
            BookingLookup::TokenInvalid => return Ok(CancelOutcome::TokenInvalid),
        };
        let manage_token_hash = TokenHash::of(manage_token);
        let command = Command::CancelBooking(CancelBooking {
            campaign,
            booking,
            manage_token_hash,
            idempotency,
        });
        outcome!(self.submit(command).await?, Outcome::CancelBooking)
    }

    /// The token that manages a booking.
    #[must_use]
    pub fn manage_token(&self, booking: BookingId) -> String {
        self.secrets.manage_token(booking)
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

    async fn submit(&self, command: Command) -> Result<Outcome, Failure> {
        self.queues.submit(command).await
    }

    fn idempotency(&self, pass: &PassGrant, key: &str, kind: &str, parts: &[&[u8]]) -> Idempotency {
        Idempotency {
            key: idempotency_key(IdempotencyScope::Pass(pass.pass_id), key),
            fingerprint: self.secrets.fingerprint(kind, parts),
        }
    }

    /// How the person stands to what the pass is bound to: their names and date of birth, or their
    /// e-mail address. The two kinds of subjects cannot be equal, so either will do.
    fn check_binding(&self, pass: &PassGrant, person: &Person) -> Result<BindingCheck, Failure> {
        let Some(subject) = pass.binding else { return Ok(BindingCheck::Unbound) };
        let Some(key) = self.secrets.identity() else {
            tracing::error!(campaign = %pass.campaign, "a pass is bound and there is no identity key");
            return Err(Failure::Broken);
        };
        let date_of_birth = person.date_of_birth().to_string();
        let (given_name, family_name) = (person.given_name(), person.family_name());
        let campaign = &pass.campaign;
        let matches = key.person(campaign, given_name, family_name, &date_of_birth) == subject
            || person.email().is_some_and(|email| key.email(campaign, email) == subject);
        Ok(if matches { BindingCheck::Matches } else { BindingCheck::Differs })
    }

    fn registration(&self, campaign: &CampaignId, person: &Person) -> Arc<Registration> {
        let booking = BookingId::new(self.now(), &*self.entropy);
        Arc::new(Registration {
            booking,
            code: BookingCode::new(&*self.entropy),
            person: person.clone(),
            person_key: self.secrets.person_key(campaign, person),
            manage_token_hash: TokenHash::of(&self.secrets.manage_token(booking)),
        })
    }
}

/// What of a person counts for "the same request": everything. The parts cannot contain the zero
/// byte that ends them.
fn person_bytes(person: &Person) -> Vec<u8> {
    let date_of_birth = person.date_of_birth().to_string();
    let parts = [
        person.given_name(),
        person.family_name(),
        &date_of_birth,
        person.email().unwrap_or_default(),
        person.phone().unwrap_or_default(),
    ];
    parts.iter().flat_map(|part| part.bytes().chain([0])).collect()
}
