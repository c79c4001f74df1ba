//! What the two services say, as far as a citizen's browser reads it. Unknown members are ignored.

use serde::{Deserialize, Serialize};

/// Phase of a room.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Known, but nobody may join yet.
    #[default]
    Announced,
    /// Arrivals get an entry and wait for the draw.
    Gathering,
    /// Places are being called.
    Open,
    /// Calling is suspended.
    Paused,
    /// Nothing is left to book.
    SoldOut,
    /// Over.
    Closed,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Gathering => "gathering",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::SoldOut => "sold_out",
            Self::Closed => "closed",
        }
    }
}

/// `GET /v1/rooms/{room}`
#[derive(Debug, Deserialize)]
pub(crate) struct RoomStatus {
    pub phase: Phase,
    pub now: String,
    pub next_opening: Option<NextOpening>,
    pub called: u64,
    #[serde(default)]
    pub epoch: u64,
    pub poll_after_s: f64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NextOpening {
    pub opens_at: String,
    pub gathers_from: String,
}

/// State of one ticket.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TicketState {
    /// Before the draw: an entry, no place.
    Gathering,
    /// A place in line.
    Waiting,
    /// May redeem.
    Called,
    /// Has redeemed, and the pass has ended.
    Used,
    /// The room is over.
    Closed,
}

/// Reply to joining and to asking for the own state; `pass` only comes with joining.
#[derive(Debug, Deserialize)]
pub(crate) struct OwnState {
    /// Comes with joining, and later whenever it was signed anew: it then proves more than the last one.
    pub ticket: Option<String>,
    pub entry: u64,
    /// When it rises, the room has lost something and wants to see every ticket once.
    #[serde(default)]
    pub epoch: u64,
    pub state: TicketState,
    pub place: Option<u64>,
    pub poll_after_s: f64,
    pub pass: Option<Pass>,
}

/// The admission token.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Pass {
    pub pass: String,
    pub expires_at: String,
}

/// Reply to redeeming.
#[derive(Debug, Deserialize)]
pub(crate) struct TakenPass {
    #[serde(flatten)]
    pub pass: Pass,
    /// The ticket signed anew.
    pub ticket: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Municipality {
    #[serde(default)]
    pub postcode: String,
    pub ags: String,
}

/// `GET /v1/campaigns/{campaign}`
#[derive(Debug, Deserialize)]
pub(crate) struct Campaign {
    pub seats_max: usize,
    pub tranches: Vec<Tranche>,
    pub municipalities: Vec<Municipality>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tranche {
    pub opens_at: String,
    pub places: u64,
}

/// `GET /v1/campaigns/{campaign}/slots`
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(crate) struct Slots {
    pub as_of: String,
    pub places_left: u64,
    #[serde(default)]
    pub waitlist_open: bool,
    pub slots: Vec<Slot>,
}

/// `GET /v1/campaigns/{campaign}/waitlist`
#[derive(Debug, Deserialize)]
pub(crate) struct WaitlistStatus {
    pub offers_open: u64,
}

/// Reply to joining a waitlist.
#[derive(Debug, Deserialize)]
pub(crate) struct NewlyWaiting {
    pub id: String,
    pub waitlist_token: String,
}

/// `GET /v1/waitlist/{entry}`
#[derive(Debug, Deserialize)]
pub(crate) struct WaitlistEntry {
    pub state: WaitlistState,
    pub offer: Option<Offer>,
}

/// Where somebody stands who waits for a place.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitlistState {
    Waiting,
    Offered,
    Booked,
    Left,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Offer {
    pub id: String,
    pub slot: String,
}

/// What is told of every booking, also of one that was cancelled.
#[derive(Debug, Deserialize)]
pub(crate) struct BookingStatus {
    pub status: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Slot {
    pub id: String,
    pub capacity: u64,
    pub released: u64,
    pub places_left: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Hold {
    pub id: String,
}

/// A booking as its owner reads it; `manage_token` only comes with the 201.
#[derive(Debug, Deserialize)]
pub(crate) struct Booking {
    pub id: String,
    pub manage_token: Option<String>,
    pub slot: String,
    pub status: String,
    pub person: Identity,
}

/// The personal data of one person, as far as the rush gives and compares it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(crate) struct Identity {
    pub given_name: String,
    pub family_name: String,
    pub date_of_birth: String,
}

/// RFC 9457 problem.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Problem {
    #[serde(default)]
    pub code: String,
    pub retry_after_s: Option<f64>,
    #[serde(default)]
    pub municipalities: Vec<Municipality>,
}
