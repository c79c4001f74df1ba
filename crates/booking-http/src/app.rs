//! What the handlers share.

use std::sync::Arc;

use booking::Bookings;
use kernel::Entropy;
use pass::PassVerifier;

use crate::rendered::RenderedView;

/// What the API is built from.
pub struct Parts {
    /// The use cases.
    pub bookings: Arc<Bookings>,
    /// Verifies the passes of the waiting room, offline.
    pub passes: PassVerifier,
    /// Spreads the times at which refused clients come back.
    pub entropy: Arc<dyn Entropy>,
}

/// The state of the API: one per process, shared by all workers as `actix_web::web::Data<App>`.
pub struct App {
    pub(crate) bookings: Arc<Bookings>,
    pub(crate) passes: PassVerifier,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) rendered: RenderedView,
}

impl App {
    /// The state made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { bookings, passes, entropy } = parts;
        Self { bookings, passes, entropy, rendered: RenderedView::default() }
    }
}
