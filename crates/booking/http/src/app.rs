//! What the handlers share.

use std::pin::Pin;
use std::sync::Arc;

use booking::{Bookings, MailReport, MailStore, TokenHash};
use kernel::Entropy;
use pass::PassVerifier;
use web::Drain;
use web::streams::{StreamLimits, StreamParts};

use crate::citizen::feed::{LatestFeed, PublicUrls};
use crate::limits::RateLimits;
use crate::rendered::RenderedView;
use crate::streams::Streams;

/// Ends when the published keys have been read again, or when there is no use in waiting for that any
/// longer. It may be asked at any rate and must bound how often it reads, and how long it takes.
pub type RefreshKeys = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Who may report what became of letters, and how a report of a mail server is read.
#[derive(Clone)]
pub struct MailReports {
    /// The hash of the token that proves it.
    pub token: TokenHash,
    /// What the `Message-ID` of every letter ends with.
    pub domain: String,
    /// Reads a report; `None` if it is none about a letter from this domain.
    pub read: fn(&[u8], &str) -> Option<MailReport>,
}

/// What the API is built from.
pub struct Parts {
    /// The use cases.
    pub bookings: Arc<Bookings>,
    /// Verifies the passes of the waiting room, offline.
    pub passes: PassVerifier,
    /// Reads the published keys again, when a pass names one that is not known.
    pub refresh_keys: RefreshKeys,
    /// How many may follow the places of campaigns.
    pub streams: StreamLimits,
    /// Ends the streams when the service is about to stop.
    pub drain: Drain,
    /// Where the feeds say that everything is.
    pub urls: PublicUrls,
    /// Spreads the times at which refused clients come back.
    pub entropy: Arc<dyn Entropy>,
    /// How often a lost link may be asked for.
    pub limits: RateLimits,
    /// The letters about bookings; `None` where none are sent.
    pub mails: Option<Arc<dyn MailStore>>,
    /// Who may report what became of letters; `None` if nobody may.
    pub reports: Option<MailReports>,
}

/// The state of the API: one per process, shared by all workers as `actix_web::web::Data<App>`.
pub struct App {
    pub(crate) bookings: Arc<Bookings>,
    pub(crate) passes: PassVerifier,
    pub(crate) refresh_keys: RefreshKeys,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) urls: PublicUrls,
    pub(crate) limits: RateLimits,
    pub(crate) rendered: RenderedView,
    pub(crate) feed: LatestFeed,
    pub(crate) streams: Arc<Streams>,
    pub(crate) mails: Option<Arc<dyn MailStore>>,
    pub(crate) reports: Option<MailReports>,
}

impl App {
    /// The state made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { bookings, passes, refresh_keys, streams, drain, urls, entropy, .. } = parts;
        let Parts { limits, mails, reports, .. } = parts;
        let listening = StreamParts { limits: streams, drain, entropy: Arc::clone(&entropy) };
        Self {
            bookings,
            passes,
            refresh_keys,
            entropy,
            limits,
            urls,
            rendered: RenderedView::default(),
            feed: LatestFeed::default(),
            streams: Arc::new(Streams::new(listening)),
            mails,
            reports,
        }
    }
}
