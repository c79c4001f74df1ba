//! A limit for each client address.

use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use actix_web::HttpRequest;
use kernel::Stopwatch;

use super::{Allowance, LimitParts, RateLimit};
use crate::client_address::{ClientAddress, TrustedProxies};
use crate::problem::Problem;

const WARN_EVERY: Duration = Duration::from_mins(1);

/// A limit for each client address. Be generous: one address can be hundreds of people, those of an
/// office or of a mobile carrier.
pub struct AddressLimit {
    limit: RateLimit,
    proxies: TrustedProxies,
    warned: Mutex<Option<Stopwatch>>,
}

impl AddressLimit {
    /// A limit that is called `name` in `RateLimit-Policy` and in the metrics.
    #[must_use]
    pub fn new(
        name: &'static str,
        allowance: Allowance,
        proxies: TrustedProxies,
        parts: &LimitParts,
    ) -> Self {
        Self { limit: RateLimit::new(name, allowance, parts), proxies, warned: Mutex::default() }
    }

    /// No limit.
    #[must_use]
    pub fn off() -> Self {
        let (limit, proxies) = (RateLimit::off(), TrustedProxies::none());
        Self { limit, proxies, warned: Mutex::default() }
    }

    /// Counts one request of the client's address, or refuses it with `rate-limited`.
    pub fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check_about(request, &())
    }

    /// Counts one request of the client's address about somebody, or refuses it with `rate-limited`. What others
    /// ask about them does not count: nobody can keep somebody else out.
    pub fn check_about(&self, request: &HttpRequest, whom: &impl Hash) -> Result<(), Problem> {
        if self.limit.is_off() {
            return Ok(());
        }
        let checked = self.limit.check(&(ClientAddress::of(request, &self.proxies), whom));
        if checked.is_err() && self.proxies.is_claimed(request) {
            self.warn();
        }
        checked
    }

    /// A proxy that is not configured makes all its clients one, which nobody notices until a rush. But
    /// anybody can send the header, so it is only said where something was refused, once a minute.
    fn warn(&self) {
        let Ok(mut warned) = self.warned.try_lock() else { return };
        if warned.is_none_or(|warned| warned.elapsed() >= WARN_EVERY) {
            *warned = Some(Stopwatch::start());
            tracing::warn!(
                "a request was refused by its address and names another one for which it was \
                 forwarded: if a proxy of yours sent it, add its network to `limits.trusted_proxies`"
            );
        }
    }
}
