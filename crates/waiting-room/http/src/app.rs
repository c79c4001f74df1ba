//! What the handlers share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use pass::KeySet;
use waiting_room::WaitingRoom;

use crate::credential::ServiceCredential;
use crate::routes::status::StatusCache;

/// What the API is built from.
pub struct Parts {
    /// The use cases.
    pub rooms: Arc<WaitingRoom>,
    /// The public keys of the passes, as they are published; may be replaced at any time.
    pub keys: Arc<ArcSwap<KeySet>>,
    /// What the booking service shows when it reports.
    pub service_credential: ServiceCredential,
}

/// The state of the API: one per process, shared by all workers as `actix_web::web::Data<App>`.
pub struct App {
    pub(crate) rooms: Arc<WaitingRoom>,
    pub(crate) keys: Arc<ArcSwap<KeySet>>,
    pub(crate) service_credential: ServiceCredential,
    pub(crate) statuses: StatusCache,
}

impl App {
    /// The state made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { rooms, keys, service_credential } = parts;
        Self { rooms, keys, service_credential, statuses: StatusCache::default() }
    }
}
