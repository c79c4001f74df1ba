//! How often a lost link may be asked for.

use web::{AddressLimit, RateLimit};

/// The rate limits of the API. Whatever else there is needs a pass or a token, of which the waiting room and
/// the bookings give so many.
///
/// They are kept in memory, with bounded memory, and each instance counts for itself: what they bound is how
/// fast a date of birth can be guessed, and that is slow enough with several instances. Stored counts would
/// be written by anybody, for codes that do not exist as for those that do, and the time that takes would
/// tell which do. How often a letter goes out is stored, see [`booking::LINK_PAUSE`].
pub struct RateLimits {
    /// Requests from one address.
    pub lost_links: AddressLimit,
    /// Requests for one code of a campaign.
    pub lost_links_by_code: RateLimit,
}

impl RateLimits {
    /// No limits, for tests whose citizens all come from one address.
    #[must_use]
    pub fn off() -> Self {
        Self { lost_links: AddressLimit::off(), lost_links_by_code: RateLimit::off() }
    }
}
