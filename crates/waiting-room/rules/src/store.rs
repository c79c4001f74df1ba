//! The port to the store that all instances of the waiting room share.
//!
//! Every operation is atomic. Rules live outside: a store reads, compares, sets and adds. `now` is the
//! store's time as the instance knows it (see [`kernel::SyncedClock`]), so that a rule has the same
//! answer on every instance. [`crate::MemoryRoomStore`] is the complete model; `contract` holds every
//! other store against it.

use async_trait::async_trait;
use kernel::Timestamp;
use pass::PassId;

use crate::gate::Ledger;
use crate::pace::Pace;
use crate::settings::{RoomId, RoomSettings};
use crate::state::{Floor, Frozen, PlacesLeft, RoomState};

/// Why a store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RoomStoreError {
    /// The store cannot be reached or did not answer in time; whether the operation took effect is
    /// unknown. All operations may be repeated.
    #[error("the room store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store does not know the room (any more): it has forgotten its data.
    #[error("the room store does not know room {0}")]
    Forgotten(RoomId),
    /// What the store holds cannot be understood, or it is set up in a way that loses data.
    #[error("the room store is not usable: {0}")]
    Unusable(String),
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, RoomStoreError>;

/// Whether a room was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// It existed with the same settings.
    Unchanged,
    /// It exists with other settings, which were kept.
    Different,
}

/// A room's state and the store's clock when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The store's time.
    pub now: Timestamp,
    /// The state.
    pub state: RoomState,
}

/// The hard bounds of admission (P11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// The pace.
    pub pace: Pace,
    /// When a pass given out now expires; whole seconds.
    pub expires_at: Timestamp,
}

/// A batch of arrivals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// How many; 1 to 1,000.
    pub count: u32,
    /// What this instance has seen.
    pub floor: Floor,
    /// Admit the first of them at once if nobody waits.
    pub express: Option<Express>,
}

/// Admission on arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Express {
    /// The passes of the first arrivals, in order; not more than arrivals.
    pub pass_ids: Vec<PassId>,
    /// The boundaries the instance knows; if the store has more, its view is old and nobody is admitted.
    pub boundaries: usize,
    /// The bounds.
    pub limits: AdmissionLimits,
}

/// What a batch of arrivals got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// The store's epoch.
    pub epoch: u32,
    /// The first entry of the batch; the others follow without a gap.
    pub first: u64,
    /// How many boundaries are frozen.
    pub boundaries: usize,
    /// How many of the first arrivals were admitted at once.
    pub admitted: u32,
}

/// One ticket to be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Its place.
    pub place: u64,
    /// The pass it is redeemed for.
    pub pass_id: PassId,
}

/// What a redemption came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// Admitted; the pass expires at this instant. A repetition gets the same answer.
    Admitted {
        /// When the pass expires.
        expires_at: Timestamp,
    },
    /// The place is not called yet.
    NotCalled,
    /// The place is called, but all passes are taken or the pace is reached. Try again in a moment.
    Busy,
    /// The place was redeemed before, and its pass has expired or was left (P9).
    Used,
}

/// The booking API's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signals {
    /// How many places it could still give away.
    pub places_left: PlacesLeft,
    /// Passes that are not needed any longer; at most 1,000.
    pub departures: Vec<PassId>,
}

/// A store of rooms. See the module for what holds for all operations.
#[async_trait]
pub trait RoomStore: Send + Sync {
    /// Creates a room unless it exists. O(1).
    async fn create(&self, settings: &RoomSettings) -> Result<Created>;

    /// The settings of all rooms. O(rooms).
    async fn rooms(&self) -> Result<Vec<RoomSettings>>;

    /// Raises the counters to `floor` where they are lower, and reads the state.
    /// O(openings + claim window); `None` if the store does not know the room.
    async fn sync(&self, room: &RoomId, floor: Floor) -> Result<Option<Reading>>;

    /// Gives a forgotten room its memory back, under the next epoch; does nothing if the room is known.
    /// It issues no entries before `joins_from`, so that every instance can raise the counters to what
    /// it has seen first.
    async fn restore(
        &self,
        settings: &RoomSettings,
        memory: &RoomState,
        joins_from: Timestamp,
    ) -> Result<()>;

    /// Issues the next entries (P8), after raising the counters to the floor. O(arrivals).
    ///
    /// Admits arrivals of `express` in order as long as nobody waits before them and the limits allow.
    async fn join(&self, room: &RoomId, arrivals: &Arrivals, now: Timestamp) -> Result<Entries>;

    /// Freezes boundary number `index` at the entries issued so far, and reveals its secret, unless
    /// that has happened or an earlier one is missing. The first call decides. O(1).
    async fn freeze(&self, room: &RoomId, index: usize, boundary: FreezeAt) -> Result<()>;

    /// Calls everyone below `call_to` and keeps `ledger`, if the ledger's version is the successor of
    /// the stored one; otherwise another instance was first, and nothing happens. O(1).
    async fn call(&self, room: &RoomId, call_to: u64, ledger: &Ledger) -> Result<bool>;

    /// Redeems called places (P9, P11), each answered separately and in order. O(n log active).
    async fn redeem(
        &self,
        room: &RoomId,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Result<Vec<Redeemed>>;

    /// Ends passes before their time. O(n log active).
    async fn leave(&self, room: &RoomId, pass_ids: &[PassId]) -> Result<()>;

    /// Takes the booking API's report over; an older count than the stored one is ignored.
    async fn signal(&self, room: &RoomId, signals: &Signals) -> Result<()>;

    /// Whether the store can be used, and is set up so that it keeps what it acknowledged.
    async fn ready(&self) -> Result<()>;
}

/// What a boundary freezes besides the number of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreezeAt {
    /// The time of freezing.
    pub now: Timestamp,
    /// The secret, if the boundary is a draw.
    pub secret: Option<crate::draw::Secret>,
}

impl FreezeAt {
    /// The boundary as it is kept.
    #[must_use]
    pub fn at_entry(self, entry: u64) -> Frozen {
        Frozen { entry, at: self.now, secret: self.secret }
    }
}
