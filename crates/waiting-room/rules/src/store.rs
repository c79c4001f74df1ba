//! The port to the store that all instances of the waiting room share.
//!
//! Every operation is atomic, and carried out at the store's own time: no instance's clock reaches a
//! rule. Rules live outside; a store reads, compares, sets and adds, and carries out the one rule that
//! must be atomic, [`crate::admission`]. [`crate::MemoryRoomStore`] is the complete model; `contract`
//! holds every other store against it.
//!
//! Every operation on a room carries the [`Digest`] of what the instance remembers. A store that knows
//! less does nothing and answers [`RoomStoreError::Behind`]; [`RoomStore::merge`] raises it.

use std::time::Duration;

use async_trait::async_trait;
use kernel::Timestamp;
use pass::PassId;

use crate::audit::{Deed, Record, Wanted};
use crate::gate::Ledger;
use crate::lane::{Lane, PerLane};
use crate::live::LiveSettings;
use crate::memory::Memory;
use crate::memory::digest::Digest;
use crate::notice::Notices;
use crate::priority::CodeNumber;
use crate::resume::{KeptTicket, ResumeName};
use crate::settings::{RoomId, RoomSettings};
use crate::state::{BookingReport, RoomState};

/// Why a store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RoomStoreError {
    /// The store cannot be reached or did not answer in time; whether the operation took effect is
    /// unknown. All operations may be repeated.
    #[error("the room store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store knows less of the room than the instance, or nothing; nothing was done.
    #[error("the room store has forgotten something of room {0}")]
    Behind(RoomId),
    /// The operator has begun a new line under this name, or removed the room; nothing was done.
    #[error("room {0} has been replaced or removed")]
    Replaced(RoomId),
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
    /// It is new to the store although people may hold tickets of it, since its first gathering has
    /// begun: it listens to their tickets before it issues entries.
    Healing,
    /// It existed with the same settings.
    Unchanged,
    /// A line of a lower incarnation was there, and is over now.
    Replaced,
    /// It exists with other settings, which were kept.
    Different,
    /// It exists with a higher incarnation, or was removed with this one or a higher one; nothing was
    /// done.
    Outdated,
}

impl Created {
    /// What became of the room, in words for the operator; or why it was not created and what to do.
    pub const fn verdict(self) -> std::result::Result<&'static str, &'static str> {
        match self {
            Self::New => Ok("is open"),
            Self::Healing => Ok(
                "is open; people may hold tickets of it already, so it listens to them before it \
                 issues new entries",
            ),
            Self::Unchanged => Ok("was open already"),
            Self::Replaced => {
                Ok("has begun a new line; the tickets of the earlier one are worth nothing")
            }
            Self::Different => {
                Err("exists with other settings, which stay in force: its openings and draws are \
                 published. Change pace, bounds and message with `einlass room set`; for anything \
                 else raise `incarnation` in the file, which begins a new line")
            }
            Self::Outdated => Err(
                "was removed, or has a higher incarnation than the file already: raise `incarnation` \
                 in the file to begin a new line",
            ),
        }
    }
}

/// A question for a room's state.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The room.
    pub room: RoomId,
    /// What the instance remembers; `None` for an instance that has not seen the room yet. If the room
    /// was left alone for a while before such a reading, its store may be an older copy that nobody can
    /// tell, so it goes on under the next epoch.
    pub digest: Option<Digest>,
    /// Passes given out since then are fresh: [`RoomState::active_fresh`].
    pub claim_window: Duration,
    /// How long tickets are listened to if a boundary has become due while the room was left alone.
    pub listening: Duration,
}

/// A room's state and the store's clock when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The store's time.
    pub now: Timestamp,
    /// The state.
    pub state: RoomState,
}

/// A batch of arrivals in one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// The lane.
    pub lane: Lane,
    /// Who arrives; 1 to 1,000.
    pub people: Vec<Arrival>,
}

/// One arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The pass of its subject, should it be admitted at once. Given for all of a batch or for none: an
    /// instance that knows of no express quota need not send it.
    pub pass_id: Option<PassId>,
    /// The repeatable join it belongs to.
    pub key: Option<JoinKey>,
    /// The priority code that it uses up.
    pub code: Option<CodeNumber>,
}

/// What makes a join repeatable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinKey {
    /// The client's key, hashed.
    pub key: [u8; 16],
    /// What was asked for under it.
    pub fingerprint: u32,
}

/// How long a repeatable join is remembered at least.
pub const JOIN_KEY_MEMORY: Duration = Duration::from_mins(2);

/// How many repeatable joins are remembered at most in that time; more are carried out and forgotten.
pub const JOIN_KEYS_MAX: usize = 200_000;

/// How long a room may be left alone before a newcomer must reckon with an older copy of its state.
pub const LEFT_ALONE: Duration = Duration::from_secs(3);

/// What a batch of arrivals came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinReply {
    /// Everybody has an entry.
    Entries(Entries),
    /// The room listens to tickets until this instant and issues no entries.
    Quiet {
        /// When it goes on.
        until: Timestamp,
    },
    /// A boundary is due: whoever comes now must not get in front of it. Freeze it first.
    BoundaryDue,
    /// Somebody uses a code, and the levers, which say what is revoked, are others than the instance knows. Read
    /// them first.
    LeversChanged,
}

/// The entries of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// The store's epoch.
    pub epoch: u32,
    /// The store's time.
    pub now: Timestamp,
    /// How far the lane is called by now: an admission on arrival is a call.
    pub called: u64,
    /// One for each arrival, in order.
    pub people: Vec<Entered>,
}

/// What one arrival got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// The next entry; no other has this number under this epoch (P8).
    New {
        /// Its number.
        entry: u64,
        /// When its pass expires, if it was admitted at once.
        admitted_until: Option<Timestamp>,
    },
    /// What it got before, under the same key.
    Repeated {
        /// The epoch at that time.
        epoch: u32,
        /// Its number.
        entry: u64,
        /// When it was issued.
        issued_at: Timestamp,
    },
    /// The key was used to ask for something else.
    KeyReused,
    /// The code was used before, and not under this key.
    CodeUsed,
}

/// A boundary to freeze.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Its number.
    pub index: u16,
    /// When it is due.
    pub due_at: Timestamp,
    /// When the one after it is due.
    pub next_due_at: Option<Timestamp>,
}

/// A move of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Everyone below these places is called from now on.
    pub called: PerLane<u64>,
    /// The notes to keep; their version is the successor of the stored one.
    pub ledger: Ledger,
    /// Arrivals that may be admitted straight away until the next move.
    pub express: u32,
    /// While arrivals gather, those that are admitted straight away take no place; but nobody who has
    /// one may be waiting in front of this one.
    pub express_behind: Option<u64>,
}

/// A change of the operator's levers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetLive {
    /// The levers; their version is the successor of the stored one.
    pub live: LiveSettings,
    /// When the next boundary is due under these levers; `None` if there is none, or nobody knows when.
    pub next_due_at: Option<Timestamp>,
    /// The change is made before this instant or not at all: the first at which an opening shall be that it moves.
    /// So nobody has been issued an entry from behind an opening that is moved to the front.
    pub before: Option<Timestamp>,
    /// What the operator does by it.
    pub deed: Deed,
}

/// One ticket to be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Its lane.
    pub lane: Lane,
    /// Its place.
    pub place: u64,
    /// The step of the ledger in which the place was called, if it is still in there.
    pub step: Option<u64>,
    /// The pass of its subject.
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
    /// The place is called, but all passes are taken, the pace is reached, or the room is paused. Try
    /// again in a moment.
    Busy,
    /// The subject's pass has expired or was given back (P9).
    Used,
}

/// A store of rooms. See the module for what holds for all operations.
#[async_trait]
pub trait RoomStore: Send + Sync {
    /// Creates a room unless it exists; see [`Created`]. Only an operator does that. A room that is created, and
    /// a new line, is recorded as `deed`. O(1).
    async fn create(&self, settings: &RoomSettings, deed: &Deed) -> Result<Created>;

    /// The names of the rooms behind `after`, in their order, at most `limit`. O(log rooms + limit).
    async fn list(&self, after: Option<&RoomId>, limit: usize) -> Result<Vec<RoomId>>;

    /// The settings of a room; `None` if the store does not know it. O(1).
    async fn settings(&self, room: &RoomId) -> Result<Option<RoomSettings>>;

    /// The state of many rooms in one trip, each answered separately. O(openings + claim window) each.
    async fn read(&self, asks: &[Ask]) -> Result<Vec<Result<Reading>>>;

    /// Raises the store's memory of a room to what `memory` knows besides, under the next epoch, and
    /// issues no entries for `quiet`; see [`crate::memory::heal`]. O(openings).
    async fn merge(
        &self,
        settings: &RoomSettings,
        memory: &Memory,
        quiet: Duration,
    ) -> Result<Reading>;

    /// Issues the next entries (P8). O(arrivals).
    ///
    /// Admits arrivals in order as long as nobody waits before them, the express quota lasts, and the
    /// bounds of admission allow. Marks codes as used, each for one arrival; who is not that one gets no entry.
    async fn join(&self, room: &RoomId, digest: &Digest, arrivals: &Arrivals) -> Result<JoinReply>;

    /// Freezes a boundary at the entries issued so far, unless that has happened, an earlier one is
    /// missing, its time has not come, or the room listens to tickets. The first call decides. The first
    /// gathering begins with entry 0: whoever came before it was frozen gathers with the others, unless
    /// its draw is due as well. It takes the levers that the instance knows, since the operator may have moved
    /// the boundary; and it must be due by those that the store has. O(1).
    async fn freeze(&self, room: &RoomId, digest: &Digest, freeze: Freeze) -> Result<()>;

    /// Moves the gate, if nobody was first: if the ledger's version is the successor of the stored one,
    /// and levers and boundaries are those that the instance knows. O(steps that are over).
    async fn call(&self, room: &RoomId, digest: &Digest, call: &Call) -> Result<bool>;

    /// Redeems called places (P9, P11), each answered separately and in order. O(n log admitted).
    async fn redeem(
        &self,
        room: &RoomId,
        digest: &Digest,
        redemptions: &[Redemption],
    ) -> Result<Vec<Redeemed>>;

    /// Ends passes before their time. O(n log admitted).
    async fn end_passes(&self, room: &RoomId, digest: &Digest, pass_ids: &[PassId]) -> Result<()>;

    /// When these passes end or have ended; `None` for one that the store does not know. O(n log admitted).
    async fn pass_ends(
        &self,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<Vec<Option<Timestamp>>>;

    /// Keeps tickets for the codes that open them, each for [`RESUME_CODE_TTL`]; gives for each whether there was room
    /// for it, of [`RESUME_CODES_MAX`]. They are not part of what heals. O(n).
    ///
    /// [`RESUME_CODE_TTL`]: crate::resume::RESUME_CODE_TTL
    /// [`RESUME_CODES_MAX`]: crate::resume::RESUME_CODES_MAX
    async fn keep_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        kept: &[KeptTicket],
    ) -> Result<Vec<bool>>;

    /// Takes out what is kept under these names: it is there once. O(n).
    async fn take_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        names: &[ResumeName],
    ) -> Result<Vec<Option<Vec<u8>>>>;

    /// Takes a report of the booking API over, and ends the passes that departed. A count that was made
    /// before the stored one is ignored; one made in the future counts as made now. O(n log admitted).
    async fn report(&self, room: &RoomId, digest: &Digest, report: &BookingReport) -> Result<()>;

    /// Replaces the levers and records that, if their version is the successor of the stored one, the boundaries
    /// are those that the instance knows, and it is time for it; gives whether. O(1).
    async fn set_live(&self, room: &RoomId, digest: &Digest, set: &SetLive) -> Result<bool>;

    /// Supplies the public entropy of an opening whose draw was frozen, and records that, if those before it have
    /// theirs and it has none; gives whether. O(1).
    async fn supply_entropy(
        &self,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
        deed: &Deed,
    ) -> Result<bool>;

    /// What there is to tell of a room; `None` if nobody has looked yet. O(notices kept).
    async fn notices(&self, room: &RoomId) -> Result<Option<Notices>>;

    /// Replaces what there is to tell, if its version is the successor of the stored one (1 where there is none);
    /// gives whether. O(notices kept).
    async fn set_notices(&self, room: &RoomId, digest: &Digest, notices: &Notices) -> Result<bool>;

    /// Removes a room, and records that; gives whether it was there. Besides the records only its incarnation is
    /// remembered, so that no instance brings it back. O(admitted).
    async fn remove(&self, room: &RoomId, deed: &Deed) -> Result<bool>;

    /// At most `limit` records of what operators did to a room; none if there are none, or no such room.
    /// O(log records + limit).
    async fn audit(&self, room: &RoomId, wanted: Wanted, limit: usize) -> Result<Vec<Record>>;

    /// Whether the store can be used, and is set up so that it keeps what it acknowledged.
    async fn ready(&self) -> Result<()>;
}
