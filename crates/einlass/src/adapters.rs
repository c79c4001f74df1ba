//! The only place that names adapters: which store and which database a URL means.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use booking::webhook::WebhookStore;
use booking::{BookingStore, MailStore, MemoryStore};
use booking_db::{DbOptions, DbStore, FileLock, MasterKeys};
use kernel::Clock;
use waiting_room::{MemoryRoomStore, RoomStore};
use waiting_room_redis::{RedisConfig, RedisRoomStore};

use crate::addresses::{DatabaseAddress, RoomStoreAddress};
use crate::config::{BookingConfig, Config, WaitingRoomConfig};

/// The ports of one booking database.
#[derive(Clone)]
pub struct BookingStores {
    /// The bookings.
    pub bookings: Arc<dyn BookingStore>,
    /// The letters about them.
    pub mails: Arc<dyn MailStore>,
    /// What other systems are told.
    pub webhooks: Arc<dyn WebhookStore>,
}

impl BookingStores {
    fn of(store: Arc<DbStore>) -> Self {
        Self { bookings: store.clone(), mails: store.clone(), webhooks: store }
    }
}

/// The store of the rooms.
pub fn room_store(
    config: &WaitingRoomConfig,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn RoomStore>> {
    let address = match &config.store_url {
        RoomStoreAddress::Memory => {
            return Ok(Arc::new(MemoryRoomStore::new(Arc::clone(clock))));
        }
        RoomStoreAddress::Redis(address) => address.clone(),
    };
    let redis = RedisConfig {
        key_prefix: config.redis_key_prefix.clone(),
        pool_size: config.redis_pool_size,
        trip_deadline: Duration::from_millis(config.redis_trip_deadline_ms),
        require_durable: config.redis_require_durable,
        ..RedisConfig::new(address)
    };
    Ok(Arc::new(RedisRoomStore::new(&redis).context("failed to set up the room store")?))
}

/// Bookings that are lost when the process ends, for a sandbox.
#[must_use]
pub fn bookings_in_memory(clock: &Arc<dyn Clock>) -> Arc<dyn BookingStore> {
    Arc::new(MemoryStore::new(Arc::clone(clock)))
}

/// The booking database, with its schema up to date if it is a file of this process. Refused where the master keys are
/// not those that personal data were sealed with; a database that cannot be asked yet is asked again by `ready`.
pub async fn booking_stores(
    config: &Config,
    clock: &Arc<dyn Clock>,
    keys: MasterKeys,
) -> anyhow::Result<BookingStores> {
    match &config.booking.database_url {
        DatabaseAddress::Sqlite(_) => migrate(&config.booking).await?,
        DatabaseAddress::Postgres(_) => {}
    }
    booking_stores_beside(config, clock, keys).await
}

/// The same for a process beside that of the service: the schema is not touched.
pub async fn booking_stores_beside(
    config: &Config,
    clock: &Arc<dyn Clock>,
    keys: MasterKeys,
) -> anyhow::Result<BookingStores> {
    let store = connect_booking(config, clock, DbOptions::default(), Some(keys)).await?;
    if let Ok(Some(problem)) = store.key_problem().await {
        anyhow::bail!(problem);
    }
    Ok(BookingStores::of(store))
}

/// The booking database as it is, for a command of the operator: its schema is not touched, and
/// statements that go through a whole campaign have the time they need. Most need no key: who is booked is none of
/// the operator's business.
pub async fn booking_stores_as_is(
    config: &Config,
    clock: &Arc<dyn Clock>,
    keys: Option<MasterKeys>,
) -> anyhow::Result<BookingStores> {
    const PATIENT_MS: u64 = 600_000;
    let options = DbOptions {
        statement_timeout_ms: PATIENT_MS,
        trip_deadline_ms: PATIENT_MS,
        ..DbOptions::default()
    };
    let store = connect_booking(config, clock, options, keys).await?;
    Ok(BookingStores::of(store))
}

async fn connect_booking(
    config: &Config,
    clock: &Arc<dyn Clock>,
    options: DbOptions,
    keys: Option<MasterKeys>,
) -> anyhow::Result<Arc<DbStore>> {
    let options = DbOptions {
        writers_max: config.booking.database_writers_max,
        readers_max: config.booking.database_readers_max,
        keeps_recipients: config.mail.is_on(),
        ..options
    };
    booking_db::connect(config.booking.database_url.url(), &options, Arc::clone(clock), keys)
        .await
        .context("failed to set up the booking database")
        .map(Arc::new)
}

/// Keeps other services from a database that is a file.
pub fn lock_database(config: &BookingConfig) -> anyhow::Result<Option<FileLock>> {
    FileLock::take(config.database_url.url()).context("failed to set up the booking database")
}

/// Brings the schema of the booking database up to date.
pub async fn migrate(config: &BookingConfig) -> anyhow::Result<()> {
    booking_db::migrate(config.database_url.url())
        .await
        .context("failed to bring the booking database's schema up to date")
}
