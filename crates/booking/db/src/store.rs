//! The booking store.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use booking::{
    Applied, ApplyCampaign, Availability, Booking, BookingHead, BookingId, BookingStore, Campaign,
    Command, EntryStanding, Executed, ExecutedPart, Footprint, Hold, HoldId, KeyOf, Link, PassId,
    RemoveCampaign, Removed, Revision, SlotKey, SlotUse, StoreError, WaitlistEntryId, decide,
};
use kernel::{CampaignId, Clock, Timestamp};
use sea_orm::{DatabaseTransaction, DbBackend, DbErr};
use tokio::time::Instant;

use crate::apply::{apply, remove};
use crate::batch::{CampaignCache, Loader, Mirror, Mirrors, Moment, Writer, retry};
use crate::connect::{ConnectError, DbOptions, Pools};
use crate::fault::{COMMIT, Fault};
use crate::reach::{Access, Reach};
use crate::statements::Statements;

/// The booking store on PostgreSQL or SQLite.
///
/// A batch of new bookings is one statement where it can be ([`crate::batch`], optimistic). Any other is one
/// transaction of five round trips: begin, lock the campaigns, load, (decide,)
/// write, commit. Cancelled bookings in the batch cost one more, and so do changed ones; SQLite, where a round trip is a
/// function call, writes each kind of row separately. The texts of the statements do not depend on
/// the batch and are prepared once for each connection.
///
/// A call runs in a task of its own: whoever drops it, or stops waiting for it, drops no database
/// future (see [`crate::connect`]).
pub struct DbStore {
    reach: Reach,
    statements: Arc<Statements>,
    cache: Arc<CampaignCache>,
    mirrors: Arc<Mirrors>,
    clock: Arc<dyn Clock>,
}

/// What one call works with, until its deadline and beyond.
pub(crate) struct Session {
    pub(crate) pools: Pools,
    pub(crate) statements: Arc<Statements>,
    pub(crate) cache: Arc<CampaignCache>,
    pub(crate) mirrors: Arc<Mirrors>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Nobody waits for the answer after this.
    deadline: Instant,
}

/// Connects to `postgres://user@host/database` (a Unix socket: `postgres://user@%2Frun%2Fpostgresql/database`
/// or `?host=/run/postgresql`) or to the file of `sqlite:///path/file.db`, which is made if need be.
///
/// `clock` is the store's clock on SQLite; PostgreSQL has its own. The schema is not touched, see
/// [`crate::migrate`].
pub async fn connect(
    url: &str,
    options: &DbOptions,
    clock: Arc<dyn Clock>,
) -> Result<DbStore, ConnectError> {
    let reach = Reach::connect(url, options).await?;
    let statements = Arc::new(Statements::new(reach.backend()));
    Ok(DbStore { reach, statements, cache: Arc::default(), mirrors: Arc::default(), clock })
}

impl DbStore {
    /// Closes all connections, after what is under way has ended.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.reach.close().await
    }

    /// Makes one call within its deadline.
    pub(crate) async fn call<T, F>(
        &self,
        access: Access,
        run: impl FnOnce(Session) -> F + Send,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let run = |pools, deadline| {
            run(Session {
                pools,
                statements: Arc::clone(&self.statements),
                cache: Arc::clone(&self.cache),
                mirrors: Arc::clone(&self.mirrors),
                clock: Arc::clone(&self.clock),
                deadline,
            })
        };
        self.reach.call(access, run).await
    }
}

impl Session {
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, Fault> {
        self.pools.begin().await.map_err(Fault::at("begin a transaction"))
    }

    pub(crate) fn writer<'a>(&'a self, transaction: &'a DatabaseTransaction) -> Writer<'a> {
        Writer { backend: self.pools.backend, statements: &self.statements, transaction }
    }

    /// Carries out what it can at once, or else all with care.
    async fn execute_part(
        &self,
        commands: Vec<Command>,
        now: Timestamp,
    ) -> Result<ExecutedPart, StoreError> {
        if let Some(executed) = self.attempt(&commands, now).await? {
            return Ok(executed);
        }
        self.execute(&commands, now).await.map(ExecutedPart::from)
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        let footprint = Footprint::of(commands);
        let careful = || self.execute_with_care(&footprint, commands, now);
        retry(self.deadline, careful).await
    }

    async fn execute_with_care(
        &self,
        footprint: &Footprint,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<Executed, Fault> {
        let transaction = self.begin().await?;
        let carried_out = self.carry_out(&transaction, footprint, commands, now).await;
        let (executed, learned) = end(transaction, carried_out).await?;
        if let Some((before, mirror)) = learned {
            self.mirrors.learn(before, mirror);
        }
        Ok(executed)
    }

    async fn carry_out(
        &self,
        transaction: &DatabaseTransaction,
        footprint: &Footprint,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<(Executed, Option<(Moment, Mirror)>), Fault> {
        let backend = self.pools.backend;
        let loader = Loader { backend, statements: &self.statements, cache: &self.cache };
        let (state, known) = loader.load(transaction, footprint, now).await?;
        // SQLite has no fast path.
        let mirror = (backend == DbBackend::Postgres).then(|| Mirror::of(&state, &known)).flatten();
        let (changes, outcomes) = decide(state, now, commands);
        self.writer(transaction).write(&changes, &known).await?;
        let learned = mirror.map(|mut mirror| {
            let before = mirror.moment();
            mirror.advance(&changes);
            (before, mirror)
        });
        Ok((Executed { outcomes, events: changes.events }, learned))
    }

    async fn read_ready(&self) -> Result<(), StoreError> {
        let pending = self.read_pending().await?;
        if !pending.is_empty() {
            let reason =
                format!("the database lacks {}: run `einlass migrate`", pending.join(", "));
            return Err(StoreError::Broken { reason, source: None });
        }
        self.read_durability().await?
    }

    async fn apply_once(&self, request: &ApplyCampaign, now: Timestamp) -> Result<Applied, Fault> {
        let transaction = self.begin().await?;
        let applied = apply(&self.writer(&transaction), request, now).await;
        end(transaction, applied).await
    }

    async fn remove_once(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, Fault> {
        let transaction = self.begin().await?;
        let removed = remove(&self.writer(&transaction), request, now).await;
        end(transaction, removed).await
    }
}

/// Commits what went well and takes back what did not.
pub(crate) async fn end<T>(
    transaction: DatabaseTransaction,
    result: Result<T, Fault>,
) -> Result<T, Fault> {
    match result {
        Ok(value) => {
            transaction.commit().await.map_err(Fault::at(COMMIT))?;
            Ok(value)
        }
        Err(fault) => {
            // If the rollback fails too, the connection is gone, and the server has rolled back.
            let _gone = transaction.rollback().await;
            Err(fault)
        }
    }
}

#[async_trait]
impl BookingStore for DbStore {
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let request = request.clone();
        let apply = move |db: Session| async move {
            retry(db.deadline, || db.apply_once(&request, now)).await
        };
        self.call(Access::Write, apply).await
    }

    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        let request = request.clone();
        let remove = move |db: Session| async move {
            retry(db.deadline, || db.remove_once(&request, now)).await
        };
        self.call(Access::Write, remove).await
    }

    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_revisions(&campaign)).await
        };
        self.call(Access::Read, read).await
    }

    async fn events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_events(&campaign, after, links_max)).await
        };
        self.call(Access::Read, read).await
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        let read = |db: Session| async move { retry(db.deadline, || db.read_campaigns()).await };
        self.call(Access::Watch, read).await
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        let commands = commands.to_vec();
        let execute = move |db: Session| async move { db.execute(&commands, now).await };
        self.call(Access::Write, execute).await
    }

    async fn execute_part(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<ExecutedPart, StoreError> {
        let commands = commands.to_vec();
        let execute = move |db: Session| async move { db.execute_part(commands, now).await };
        self.call(Access::Write, execute).await
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_availability(&campaign, now)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn slot_use(&self, slot: &SlotKey, page_max: u32) -> Result<SlotUse, StoreError> {
        let slot = slot.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_slot_use(&slot, page_max)).await
        };
        self.call(Access::Read, read).await
    }

    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError> {
        let passes = passes.to_vec();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_open_holds(&passes, now)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, StoreError> {
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_seats_taken(pass, now)).await
        };
        self.call(Access::Read, read).await
    }

    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError> {
        let campaign = campaign.clone();
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_departed(&campaign, now, passes_max)).await
        };
        self.call(Access::Watch, read).await
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        let read =
            move |db: Session| async move { retry(db.deadline, || db.read_booking(id)).await };
        self.call(Access::Read, read).await
    }

    async fn booking_head(&self, id: BookingId) -> Result<Option<BookingHead>, StoreError> {
        let read =
            move |db: Session| async move { retry(db.deadline, || db.read_booking_head(id)).await };
        self.call(Access::Read, read).await
    }

    async fn update_older_bookings(
        &self,
        after: Option<BookingId>,
        key_of: KeyOf,
        bookings_max: u32,
    ) -> Result<Option<BookingId>, StoreError> {
        let update = move |db: Session| async move {
            retry(db.deadline, || db.update_older(after, &key_of, bookings_max)).await
        };
        self.call(Access::Write, update).await
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let read = move |db: Session| async move { retry(db.deadline, || db.read_hold(id)).await };
        self.call(Access::Read, read).await
    }

    async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, StoreError> {
        let read = move |db: Session| async move {
            retry(db.deadline, || db.read_waitlist_entry(id)).await
        };
        self.call(Access::Read, read).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let read = |db: Session| async move { retry(db.deadline, || db.read_now()).await };
        self.call(Access::Watch, read).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.call(Access::Watch, |db: Session| async move { db.read_ready().await }).await
    }
}
