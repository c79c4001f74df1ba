//! What a rush came to.

use serde::Serialize;

/// A promise of the design that the rush can see broken from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// P1: never more bookings than places.
    Oversold,
    /// P2: a booking answered 201 stays, unchanged.
    LostBooking,
    /// P3: one key, one effect, same reply.
    Idempotency,
    /// P4: one active booking per person.
    DuplicatePerson,
    /// P8: no entry is issued twice.
    EntryIssuedTwice,
    /// P9: one ticket has one pass.
    TwoPasses,
    /// P12: nobody with a valid ticket loses the place.
    LostPlace,
}

impl Promise {
    /// The name that a summary reports, e.g. `P1 oversold`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oversold => "P1 oversold",
            Self::LostBooking => "P2 lost booking",
            Self::Idempotency => "P3 idempotency",
            Self::DuplicatePerson => "P4 duplicate person",
            Self::EntryIssuedTwice => "P8 entry issued twice",
            Self::TwoPasses => "P9 two passes",
            Self::LostPlace => "P12 lost place",
        }
    }
}

/// What a rush came to. Serialises to one flat JSON object.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
pub struct Summary {
    /// Seed of the plan.
    pub seed: u64,
    /// People in the plan; passengers of a car do not stand in line and are not counted.
    pub people: u32,
    /// People turned away at the door.
    pub turned_away: u64,
    /// Entries issued to them; two for who has two tabs.
    pub entered: u64,
    /// Passes issued to them.
    pub passes: u64,
    /// Their bookings that the booking API confirmed again at the end.
    pub bookings: u64,
    /// Places of all tranches of the campaign.
    pub places: u64,
    /// Persons put on the waitlist.
    pub waitlisted: u64,
    /// Offers that they have seen.
    pub offered: u64,
    /// Offers that became bookings.
    pub accepted: u64,
    /// Bookings that were cancelled, and stay so.
    pub cancelled: u64,
    /// Their confirmed bookings beyond what the slots have released.
    pub oversold: u64,
    /// Persons with more than one confirmed booking.
    pub duplicate_persons: u64,
    /// Bookings answered 201 that are not there, and tickets that lost their place.
    pub lost: u64,
    /// Replies received to HTTP requests.
    pub http_requests: u64,
    /// Replies of 500 and above among them.
    pub errors_5xx: u64,
    /// Replies of 503 among those: a store was silent or busy, and the request was sent again.
    pub errors_503: u64,
    /// Requests without a reply: refused or broken connections and time-outs. Each was tried again.
    pub errors_transport: u64,
    /// From the first request to the end of the rush, without the audit.
    pub seconds: f64,
    /// Median latency of all replies, measured from the moment one of the `connections_max` was free.
    pub p50_ms: f64,
    /// 99th percentile, the same way.
    pub p99_ms: f64,
    /// Names of the broken promises; empty is what everybody hopes for.
    pub broken_promises: Vec<&'static str>,
    /// The first odd things seen, for a person to read.
    #[serde(skip)]
    pub notes: Vec<String>,
}

impl Summary {
    /// Whether every promise held.
    #[must_use]
    pub fn promises_held(&self) -> bool {
        self.broken_promises.is_empty()
    }
}
