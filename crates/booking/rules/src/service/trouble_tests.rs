//! The use cases on a store in trouble: away, locked, broken in parts, overrun.

mod reads;

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{CampaignId, ManualClock, SeededEntropy};
use pass::PassId;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::background::Look;
use super::*;
use crate::batch::{Command, Executed};
use crate::booking::{Booking, BookingCode};
use crate::campaign::apply::{Applied, ApplyCampaign};
use crate::campaign::purge::{PurgeCampaign, PurgeStep};
use crate::campaign::remove::{RemoveCampaign, Removed};
use crate::campaign::revision::Revision;
use crate::campaign::{Campaign, CampaignPlan, SlotKey};
use crate::contract::scene;
use crate::event::chain::Link;
use crate::hold::{Hold, HoldId, HoldOutcome};
use crate::memory::MemoryStore;
use crate::pass::PassGrant;
use crate::store::{Availability, SlotUse, StoreError};
use crate::waitlist::{EntryStanding, WaitlistEntryId};

/// What happens to a batch or a read instead of what should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It fails after the time that a driver takes to find no connection.
    Away,
    /// It takes effect, and the answer is lost.
    Unanswered,
    /// Somebody else has the lock.
    Busy,
    /// A row cannot be read.
    Broken,
    /// It hangs for ever.
    Silent,
}

const CONNECT: Duration = Duration::from_secs(2);

type Says<T> = Mutex<Box<dyn Fn(&T) -> Option<Trouble> + Send>>;

/// The model, and what goes wrong with it.
struct TroubledStore {
    model: MemoryStore,
    batches: Says<[Command]>,
    reads: Says<str>,
    sizes: Mutex<Vec<usize>>,
}

impl TroubledStore {
    async fn meet(trouble: Option<Trouble>) -> Result<(), StoreError> {
        let reason = "the test says so".to_owned();
        match trouble {
            None => Ok(()),
            Some(Trouble::Away) => {
                tokio::time::interval_at(Instant::now() + CONNECT, CONNECT).tick().await;
                Err(StoreError::Unavailable { reason, source: None })
            }
            Some(Trouble::Unanswered) => Err(StoreError::Unavailable { reason, source: None }),
            Some(Trouble::Busy) => Err(StoreError::Busy { reason, source: None }),
            Some(Trouble::Broken) => Err(StoreError::Broken { reason, source: None }),
            Some(Trouble::Silent) => std::future::pending().await,
        }
    }

    async fn read(&self, what: &str) -> Result<(), StoreError> {
        let trouble = (self.reads.lock().expect("lock"))(what);
        Self::meet(trouble).await
    }

    fn batches(&self, trouble: impl Fn(&[Command]) -> Option<Trouble> + Send + 'static) {
        *self.batches.lock().expect("lock") = Box::new(trouble);
    }

    fn reads(&self, trouble: impl Fn(&str) -> Option<Trouble> + Send + 'static) {
        *self.reads.lock().expect("lock") = Box::new(trouble);
    }

    fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().expect("lock").clone()
    }
}

#[async_trait]
impl BookingStore for TroubledStore {
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        self.model.change_campaign(request, now).await
    }

    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        self.model.remove_campaign(request, now).await
    }

    async fn purge_campaign(
        &self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, StoreError> {
        self.model.purge_campaign(request, now).await
    }

    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError> {
        self.model.revisions(campaign).await
    }

    async fn events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, StoreError> {
        self.model.events(campaign, after, links_max).await
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        self.model.campaigns().await
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        self.sizes.lock().expect("lock").push(commands.len());
        let trouble = (self.batches.lock().expect("lock"))(commands);
        if trouble == Some(Trouble::Unanswered) {
            self.model.execute(commands, now).await?;
        }
        Self::meet(trouble).await?;
        self.model.execute(commands, now).await
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        self.read(campaign.as_str()).await?;
        self.model.availability(campaign, now).await
    }

    async fn slot_use(&self, slot: &SlotKey, page_max: u32) -> Result<SlotUse, StoreError> {
        self.model.slot_use(slot, page_max).await
    }

    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError> {
        self.model.passes_with_open_holds(passes, now).await
    }

    async fn seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, StoreError> {
        self.model.seats_taken(pass, now).await
    }

    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError> {
        self.model.departed_passes(campaign, now, passes_max).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.read("a booking").await?;
        self.model.booking(id).await
    }

    async fn bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.model.bookings_with_code(campaign, code, bookings_max).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        self.model.hold(id).await
    }

    async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, StoreError> {
        self.model.waitlist_entry(id).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.model.now().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.model.ready().await
    }
}

struct Service {
    store: Arc<TroubledStore>,
    clock: Arc<ManualClock>,
    bookings: Arc<Bookings>,
}

const OTHER: &str = "other";

/// The service on the scene's campaign and another one like it. It has looked once and does not look
/// again by itself.
async fn service(limits: BookingsLimits) -> Service {
    let limits = BookingsLimits { view_every_ms: 3_600_000, ..limits };
    let clock = Arc::new(ManualClock::at(scene::at(0)));
    let store = Arc::new(TroubledStore {
        model: MemoryStore::new(clock.clone()),
        batches: Mutex::new(Box::new(|_| None)),
        reads: Mutex::new(Box::new(|_| None)),
        sizes: Mutex::default(),
    });
    for name in ["rehearsal", OTHER] {
        let campaign = Campaign { id: scene::slot(name), ..scene::campaign() };
        let plan = CampaignPlan::new(campaign).expect("a plan");
        store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
    }
    let (bookings, _tasks) = Bookings::start(
        store.clone(),
        Arc::new(SyncedClock::new(clock.clone())),
        Arc::new(SeededEntropy::new(1)),
        BookingSecrets::new(&[1; 32], &[2; 32]),
        limits,
    );
    while bookings.view().generation == 0 {
        tokio::task::yield_now().await;
    }
    Service { store, clock, bookings }
}

fn pass(campaign: &str, number: u32) -> PassGrant {
    PassGrant { campaign: scene::slot(campaign), ..scene::grant(number, 1, scene::at(0)) }
}

/// Pass `number` asks for a seat of the hot slot.
fn hold(
    bookings: &Arc<Bookings>,
    campaign: &str,
    number: u32,
) -> JoinHandle<Result<HoldOutcome, Failure>> {
    let (bookings, pass) = (Arc::clone(bookings), pass(campaign, number));
    tokio::spawn(async move { bookings.hold(pass, scene::slot("c"), 1, "k").await })
}

/// P14: a full queue once took 128 s to fail, two seconds for each batch of 64.
#[tokio::test(start_paused = true)]
async fn a_full_queue_fails_within_one_trip_while_the_store_is_away() {
    let Service { store, bookings, .. } = service(BookingsLimits::default()).await;
    store.batches(|_| Some(Trouble::Away));
    let began = Instant::now();
    let crowd: Vec<_> = (0..4_096).map(|number| hold(&bookings, "rehearsal", number)).collect();
    for answer in crowd {
        let answer = answer.await.expect("joined");
        assert!(matches!(answer, Err(Failure::Unavailable | Failure::Overloaded)), "{answer:?}");
    }
    assert!(began.elapsed() <= CONNECT + Duration::from_millis(10), "{:?}", began.elapsed());
    assert_eq!(store.sizes().len(), 1, "one trip found out for everybody");

    let began = Instant::now();
    let refused = hold(&bookings, "rehearsal", 5_000).await.expect("joined");
    assert_eq!((refused, began.elapsed()), (Err(Failure::Unavailable), Duration::ZERO));

    store.batches(|_| None);
    tokio::time::advance(kernel::BatcherLimits::PROBE_AFTER).await;
    for number in 5_001..5_003 {
        let held = hold(&bookings, "rehearsal", number).await.expect("joined");
        assert!(matches!(held, Ok(HoldOutcome::Held(_))), "{held:?}");
    }
}

/// P20: one batch is of one campaign, and nobody waits behind another one's.
#[tokio::test(start_paused = true)]
async fn a_campaign_that_is_locked_takes_no_other_with_it() {
    let Service { store, bookings, .. } = service(BookingsLimits::default()).await;
    let of_other = |commands: &[Command]| *commands[0].campaign() == scene::slot(OTHER);
    store.batches(move |commands| (!of_other(commands)).then_some(Trouble::Silent));
    let stuck = hold(&bookings, "rehearsal", 1);
    tokio::task::yield_now().await;
    let began = Instant::now();
    let held = hold(&bookings, OTHER, 2).await.expect("joined");
    assert!(matches!(held, Ok(HoldOutcome::Held(_))), "{held:?}");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!stuck.is_finished());

    let Service { store, bookings, .. } = service(BookingsLimits::default()).await;
    store.batches(move |commands| (!of_other(commands)).then_some(Trouble::Busy));
    let crowd: Vec<_> = (0..100)
        .map(|number| hold(&bookings, if number % 4 == 0 { OTHER } else { "rehearsal" }, number))
        .collect();
    for (number, answer) in crowd.into_iter().enumerate() {
        let answer = answer.await.expect("joined");
        if number % 4 == 0 {
            assert!(matches!(answer, Ok(HoldOutcome::Held(_))), "{answer:?}");
        } else {
            assert_eq!(answer, Err(Failure::Overloaded), "nothing was done");
        }
    }
    store.batches(|_| None);
    let held = hold(&bookings, "rehearsal", 1).await.expect("joined");
    assert!(matches!(held, Ok(HoldOutcome::Held(_))), "a lock shuts no queue: {held:?}");
}

/// P20: of 64 commands that share a transaction, only those fail that nobody could carry out.
#[tokio::test(start_paused = true)]
async fn only_the_commands_at_fault_fail() {
    for culprits in [vec![0], vec![63], vec![13, 14], vec![7, 40]] {
        let Service { store, bookings, .. } = service(BookingsLimits::default()).await;
        let poisonous: HashSet<PassId> =
            culprits.iter().map(|number| pass(OTHER, *number).pass_id).collect();
        store.batches(move |commands| {
            let is_poisoned = commands.iter().any(|command| match command {
                Command::Hold(command) => poisonous.contains(&command.pass.pass_id),
                _ => false,
            });
            is_poisoned.then_some(Trouble::Broken)
        });
        let crowd: Vec<_> = (0..64)
            .map(|number| {
                let (bookings, pass) = (Arc::clone(&bookings), pass(OTHER, number));
                let slot = scene::slot(if number % 2 == 0 { "c" } else { "a" });
                tokio::spawn(async move { bookings.hold(pass, slot, 1, "k").await })
            })
            .collect();
        for (number, answer) in (0..).zip(crowd) {
            let answer = answer.await.expect("joined");
            let is_culprit = culprits.contains(&number);
            assert_eq!(answer == Err(Failure::Broken), is_culprit, "{number}: {answer:?}");
            assert!(is_culprit || answer.is_ok(), "{number}: {answer:?}");
        }
        let sizes = store.sizes();
        assert_eq!(sizes[0], 64, "they shared one batch");
        assert!(sizes.len() <= 1 + 12 * culprits.len(), "{sizes:?}");
    }
}

/// Where everything is broken the search for culprits ends, and so does one through which the store
/// goes away.
#[tokio::test(start_paused = true)]
async fn the_search_for_culprits_is_bounded() {
    let Service { store, bookings, .. } = service(BookingsLimits::default()).await;
    store.batches(|_| Some(Trouble::Broken));
    let crowd: Vec<_> = (0..64).map(|number| hold(&bookings, OTHER, number)).collect();
    for answer in crowd {
        assert_eq!(answer.await.expect("joined"), Err(Failure::Broken));
    }
    assert_eq!(store.sizes().len(), 127);

    let began = Instant::now();
    store.batches(|commands| {
        Some(if commands.len() == 64 { Trouble::Broken } else { Trouble::Away })
    });
    let crowd: Vec<_> = (0..64).map(|number| hold(&bookings, OTHER, number)).collect();
    for answer in crowd {
        assert_eq!(answer.await.expect("joined"), Err(Failure::Unavailable));
    }
    assert_eq!(store.sizes().len(), 127 + 2);
    assert_eq!(began.elapsed(), CONNECT);
}
