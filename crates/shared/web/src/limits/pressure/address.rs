//! The pressure that comes from client addresses.

use std::time::Duration;

use actix_web::HttpRequest;

use super::super::LimitParts;
use super::{Pressure, Usual};
use crate::client_address::{ClientAddress, TrustedProxies};
use crate::problem::{Code, Problem};

/// What a neighbourhood of addresses may do without any pressure, in those of one address.
const NEIGHBOURS: u32 = 16;

/// The pressure that comes from one address, or from the neighbourhood around it.
pub struct AddressPressure {
    addresses: Pressure,
    neighbourhoods: Pressure,
    proxies: TrustedProxies,
}

impl AddressPressure {
    /// No pressure yet. A neighbourhood may do as much as sixteen addresses. What is usual for an address is
    /// called `name` in `RateLimit-Policy`.
    #[must_use]
    pub fn new(
        name: &'static str,
        usual: Usual,
        proxies: TrustedProxies,
        parts: &LimitParts,
    ) -> Self {
        let all = Usual { requests: of_all(usual.requests), ..usual };
        let neighbourhoods = Pressure::new(name, all, parts);
        Self { addresses: Pressure::new(name, usual, parts), neighbourhoods, proxies }
    }

    /// Never any pressure.
    #[must_use]
    pub fn off() -> Self {
        let proxies = TrustedProxies::none();
        Self { addresses: Pressure::off(), neighbourhoods: Pressure::off(), proxies }
    }

    /// The pressure under which the client of `request` is, where no more than `at_most` are usual.
    #[must_use]
    pub fn of(&self, request: &HttpRequest, at_most: u32) -> u8 {
        let address = self.address(request);
        let around = self.neighbourhoods.of(&address.neighbourhood(), of_all(at_most));
        self.addresses.of(&address, at_most).max(around)
    }

    /// How long it takes until its client is under no pressure.
    #[must_use]
    pub fn relief(&self, request: &HttpRequest, at_most: u32) -> Duration {
        let address = self.address(request);
        let around = self.neighbourhoods.relief(&address.neighbourhood(), of_all(at_most));
        self.addresses.relief(&address, at_most).max(around)
    }

    /// The refusal of a request whose client is asked for more.
    #[must_use]
    pub fn refusal(&self, code: Code, request: &HttpRequest, at_most: u32) -> Problem {
        let address = self.address(request);
        let (around, all) = (address.neighbourhood(), of_all(at_most));
        let is_around =
            self.neighbourhoods.relief(&around, all) > self.addresses.relief(&address, at_most);
        if is_around {
            self.neighbourhoods.refusal(code, &around, all)
        } else {
            self.addresses.refusal(code, &address, at_most)
        }
    }

    /// Counts one request of its client.
    pub fn count(&self, request: &HttpRequest) {
        let address = self.address(request);
        self.addresses.count(&address);
        self.neighbourhoods.count(&address.neighbourhood());
    }

    fn address(&self, request: &HttpRequest) -> ClientAddress {
        ClientAddress::of(request, &self.proxies)
    }
}

const fn of_all(requests: u32) -> u32 {
    requests.saturating_mul(NEIGHBOURS)
}
