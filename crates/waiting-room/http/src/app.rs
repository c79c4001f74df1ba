//! What the handlers share.

use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pass::{KeySet, SignalsCredential};
use staff::StaffVerifier;
use tokio::sync::Semaphore;
use waiting_room::{RoomId, WaitingRoom};
use web::Drain;
use web::streams::{StreamParts, Streams};

use crate::citizen::status::StatusCache;
use crate::citizen::stream::StreamedStatus;
use crate::guard::Guards;
use crate::limits::RateLimits;
use crate::operator::audit_stream;

/// Ends when the published keys of staff have been read again, or when there is no use in waiting for that any
/// longer. It may be asked at any rate and must bound how often it reads, and how long it takes.
pub type RefreshStaffKeys = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What the API is built from.
pub struct Parts {
    /// The use cases.
    pub rooms: Arc<WaitingRoom>,
    /// The public keys of the passes, as they are published; may be replaced at any time.
    pub keys: Arc<ArcSwap<KeySet>>,
    /// What the credential of each room's booking service is derived from.
    pub signals_credential: SignalsCredential,
    /// Verifies the tokens of staff.
    pub staff: StaffVerifier,
    /// Reads the published keys again, when a token of staff names one that is not known.
    pub refresh_staff_keys: RefreshStaffKeys,
    /// How often the same client may join and redeem.
    pub limits: RateLimits,
    /// What the rooms stand in front of.
    pub guards: Guards,
    /// How many may follow the status of rooms.
    pub streams: StreamParts,
}

/// The state of the API: one per process, shared by all workers as `actix_web::web::Data<App>`.
pub struct App {
    pub(crate) rooms: Arc<WaitingRoom>,
    pub(crate) keys: Arc<ArcSwap<KeySet>>,
    pub(crate) signals_credential: SignalsCredential,
    pub(crate) staff: StaffVerifier,
    pub(crate) refresh_staff_keys: RefreshStaffKeys,
    /// The seats of those who follow what operators do.
    pub(crate) audit_seats: Arc<Semaphore>,
    pub(crate) drain: Drain,
    pub(crate) limits: RateLimits,
    pub(crate) guards: Guards,
    pub(crate) statuses: StatusCache,
    pub(crate) streams: Arc<Streams<RoomId, StreamedStatus>>,
}

impl App {
    /// The state made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { rooms, keys, signals_credential, streams, .. } = parts;
        let Parts { staff, refresh_staff_keys, limits, guards, .. } = parts;
        Self {
            rooms,
            keys,
            signals_credential,
            staff,
            refresh_staff_keys,
            audit_seats: Arc::new(Semaphore::new(audit_stream::STREAMS_MAX)),
            drain: streams.drain.clone(),
            limits,
            guards,
            statuses: StatusCache::default(),
            streams: Arc::new(Streams::new("waiting-room", streams)),
        }
    }
}
