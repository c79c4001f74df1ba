//! What a client was told.

use serde_json::Value;

use crate::clock::{Span, UnixMs};

/// With it a connection is closed on which nothing has come for some seconds. Whoever sends at that
/// moment may send again (RFC 9110, 15.5.9).
pub const IDLE_TOO_LONG: u16 = 408;

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who asked.
    pub citizen: u32,
    /// Which instance was asked.
    pub instance: usize,
    pub sent: UnixMs,
    /// When the reply had been read, or its absence was certain.
    pub answered: UnixMs,
    pub asked: Asked,
    pub told: Told,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To book a place for a person, under that key.
    Book { key: String, person: usize },
    /// To hold seats, under that key.
    Hold { key: String },
    /// To book a held seat for a person, under that key.
    Confirm { key: String, person: usize, hold: String },
    /// To give back what is held and not booked.
    Release { hold: String },
    /// To cancel a booking.
    Cancel { booking: String },
    /// To move a booking to another slot.
    Move { booking: String, slot: String },
    /// What the booking is now.
    Show { booking: String },
    /// To wait for a place for a person, under that key.
    Join { key: String, person: usize },
    /// How an entry of the waitlist stands.
    LookUp { entry: String },
    /// To be booked in the slot of an offer for the person of an entry, under that key.
    Accept { key: String, person: usize, entry: String, offer: String },
    /// Not to be, and to go on waiting or not.
    Decline { entry: String, offer: String, stay: bool },
    /// To wait no longer.
    Leave { entry: String },
    /// How many places are left.
    Look,
}

/// What the reply said.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Booked(Booked),
    /// The id of the hold, and the whole reply.
    Held(String, Value),
    Released,
    Cancelled,
    /// The slot it is in now.
    Moved(String),
    /// The whole reply.
    Shown(Value),
    /// The id of the entry, and the whole reply.
    Joined(String, Value),
    /// The whole reply.
    Entry(Value),
    Declined,
    Left,
    Seen,
    Refused {
        status: u16,
        code: String,
        has_retry_after: bool,
    },
    /// There was no reply, or an unreadable one.
    Nothing {
        why: String,
    },
}

/// A booking as its owner is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Booked {
    pub id: String,
    pub slot: String,
    pub code: String,
    /// The whole reply.
    pub body: Value,
}

impl Event {
    pub fn span(&self) -> Span {
        Span { from: self.sent, until: self.answered }
    }

    /// The booking that was told, if one was.
    pub fn booked(&self) -> Option<&Booked> {
        match &self.told {
            Told::Booked(booked) => Some(booked),
            Told::Held(..)
            | Told::Released
            | Told::Cancelled
            | Told::Moved(_)
            | Told::Shown(_)
            | Told::Joined(..)
            | Told::Entry(_)
            | Told::Declined
            | Told::Left
            | Told::Seen
            | Told::Refused { .. }
            | Told::Nothing { .. } => None,
        }
    }

    /// The key of what has one effect.
    pub fn key(&self) -> Option<&str> {
        match &self.asked {
            Asked::Book { key, .. }
            | Asked::Hold { key }
            | Asked::Confirm { key, .. }
            | Asked::Join { key, .. }
            | Asked::Accept { key, .. } => Some(key),
            Asked::Release { .. }
            | Asked::Cancel { .. }
            | Asked::Move { .. }
            | Asked::Show { .. }
            | Asked::LookUp { .. }
            | Asked::Decline { .. }
            | Asked::Leave { .. }
            | Asked::Look => None,
        }
    }

    /// Whether the database was asked to change something, and answered.
    pub fn is_written(&self) -> bool {
        match self.asked {
            Asked::Show { .. } | Asked::LookUp { .. } | Asked::Look => false,
            Asked::Book { .. }
            | Asked::Hold { .. }
            | Asked::Confirm { .. }
            | Asked::Release { .. }
            | Asked::Cancel { .. }
            | Asked::Move { .. }
            | Asked::Join { .. }
            | Asked::Accept { .. }
            | Asked::Decline { .. }
            | Asked::Leave { .. } => self.told.is_definite(),
        }
    }
}

impl Told {
    /// Whether there is no reason to ask again.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Booked(_)
            | Self::Held(..)
            | Self::Released
            | Self::Cancelled
            | Self::Moved(_)
            | Self::Shown(_)
            | Self::Joined(..)
            | Self::Entry(_)
            | Self::Declined
            | Self::Left
            | Self::Seen => true,
            Self::Refused { status: IDLE_TOO_LONG, .. } | Self::Nothing { .. } => false,
            Self::Refused { status, code, .. } => *status < 429 && code != "request-in-progress",
        }
    }
}
