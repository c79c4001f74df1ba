//! What the operator's systems are told of a room: that it has opened, is sold out, was paused, or is not well.
//!
//! What a room has to tell is one small value in its store, replaced by comparing its version. So every change is
//! noted once however many instances see it, each notice has one number for ever, and the instance that tells it to an
//! endpoint has it lent meanwhile: if it dies, another one goes on, with the same notice (P19). Everything here is
//! pure; sending is for others.

mod message;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{Slug, Timestamp};
use serde::{Deserialize, Serialize};

pub use message::{message, silence_message};
pub use watch::{SILENT_AFTER, Seen, Watch};

/// The latest notices are kept, so many of a room: an endpoint that takes nothing for longer misses the earlier ones.
pub const KEPT_MAX: usize = 50;

/// Endpoints that are remembered, as many as a file can name.
const ENDPOINTS_MAX: usize = 50;

/// How long one instance has a notice to tell it: longer than an endpoint may take to answer.
pub const LENT_FOR: Duration = Duration::from_mins(1);

/// Why a room is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    /// Of at least twenty people who were called and had time to come, none came.
    NobodyComes,
    /// The booking system has reported before, and not for a minute.
    ReportsLate,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// The draw of an opening was held, and people are called.
    Opened {
        /// The number of the opening, from 0.
        opening: u16,
    },
    /// No place is left at the moment.
    SoldOut,
    /// There are places again.
    PlacesBack,
    /// The operator has paused the room.
    Paused,
    /// People are called again.
    Resumed,
    /// Something is wrong.
    Unhealthy {
        /// What it is.
        reason: Ailment,
    },
    /// Nothing is wrong any more, also after the store was silent.
    Healthy,
}

impl What {
    /// The name: the `type` of the message.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened { .. } => "room.opened",
            Self::SoldOut => "room.sold_out",
            Self::PlacesBack => "room.places_back",
            Self::Paused => "room.paused",
            Self::Resumed => "room.resumed",
            Self::Unhealthy { .. } => UNHEALTHY,
            Self::Healthy => "room.healthy",
        }
    }
}

const UNHEALTHY: &str = "room.unhealthy";

/// The names of everything that can be told.
pub const NAMES: &[&str] = &[
    "room.opened",
    "room.sold_out",
    "room.places_back",
    "room.paused",
    "room.resumed",
    UNHEALTHY,
    "room.healthy",
];

/// One thing that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its number in [`Notices`], from 1.
    pub number: u64,
    /// When it was noted.
    pub at: Timestamp,
    /// What it is.
    #[serde(flatten)]
    pub what: What,
}

/// How far one endpoint has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Told {
    /// Everything up to this number was taken, is not wanted, or was given up.
    up_to: u64,
    /// How often the next one was tried.
    attempts: u32,
    /// Not before.
    due_at: Timestamp,
}

/// All that a room has to tell. Stored as JSON and read tolerantly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    /// Grows by one with each replacement; 1 at first.
    pub version: u64,
    /// When the first version was made. It is part of what a notice is known by: numbers begin anew where a store
    /// has lost everything.
    pub begun_at: Timestamp,
    /// What was noted last of how the room stands.
    seen: Seen,
    /// The number of the latest notice.
    latest: u64,
    kept: Vec<Notice>,
    endpoints: BTreeMap<Slug, Told>,
}

/// What became of telling a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken, or is given up.
    Done,
    /// It is to be tried again then.
    Later(Timestamp),
}

impl Notices {
    /// What there is to tell of a room that is seen for the first time: nothing, from now on.
    #[must_use]
    pub fn begin(seen: Seen, endpoints: &[Slug], now: Timestamp) -> Self {
        let mut begun = Self {
            version: 1,
            begun_at: now,
            seen,
            latest: 0,
            kept: Vec::new(),
            endpoints: BTreeMap::new(),
        };
        begun.register(endpoints);
        begun
    }

    /// The next version after the room was seen like this: with a notice of all that has changed, and with the
    /// endpoints that are new. `None` if it stays as it is. `silent_since` is when the store fell silent, for an
    /// instance that has told so and has it back. O(notices kept).
    #[must_use]
    pub fn noted(
        &self,
        seen: &Seen,
        silent_since: Option<Timestamp>,
        endpoints: &[Slug],
        now: Timestamp,
    ) -> Option<Self> {
        let mut next = Self { version: self.version + 1, ..self.clone() };
        next.register(endpoints);
        // Whoever saw the room earlier knows less.
        if seen.as_of >= self.seen.as_of {
            let happened = self.seen.happened(seen);
            next.seen = self.seen.updated(seen);
            for what in happened {
                next.note(what, now);
            }
        }
        let is_told = |since| {
            let healthy = |notice: &&Notice| notice.what == What::Healthy;
            next.kept.iter().filter(healthy).any(|notice| notice.at >= since)
        };
        if silent_since.is_some_and(|since| !is_told(since)) {
            next.note(What::Healthy, now);
        }
        let is_new = next.latest != self.latest || next.endpoints != self.endpoints;
        is_new.then_some(next)
    }

    fn note(&mut self, what: What, at: Timestamp) {
        self.latest += 1;
        self.kept.push(Notice { number: self.latest, at, what });
        let excess = self.kept.len().saturating_sub(KEPT_MAX);
        self.kept.drain(..excess);
    }

    /// An endpoint begins when it is first known.
    fn register(&mut self, endpoints: &[Slug]) {
        let (up_to, known) = (self.latest, &mut self.endpoints);
        for endpoint in endpoints {
            known.entry(endpoint.clone()).or_insert(Told { up_to, ..Told::default() });
        }
        if known.len() > ENDPOINTS_MAX {
            known.retain(|endpoint, _| endpoints.contains(endpoint));
        }
    }

    /// Whether there is something that this endpoint is still to be told.
    #[must_use]
    pub fn waits(&self, endpoint: &Slug, wants: impl Fn(&str) -> bool) -> bool {
        self.next(endpoint, wants).is_some()
    }

    fn next(&self, endpoint: &Slug, wants: impl Fn(&str) -> bool) -> Option<(Notice, &Told)> {
        let told = self.endpoints.get(endpoint)?;
        let mut later = self.kept.iter().filter(|notice| notice.number > told.up_to);
        Some((*later.find(|notice| wants(notice.what.as_str()))?, told))
    }

    /// The next notice that this endpoint is to be told, and how often it was tried; if it is due. `None` also
    /// for an endpoint that is not known yet.
    #[must_use]
    pub fn due(
        &self,
        endpoint: &Slug,
        wants: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Option<(Notice, u32)> {
        let (next, told) = self.next(endpoint, wants)?;
        (told.due_at <= now).then_some((next, told.attempts))
    }

    /// The next version, in which the notice is lent to whoever tells it.
    #[must_use]
    pub fn lent(&self, endpoint: &Slug, notice: Notice, now: Timestamp) -> Self {
        self.with(endpoint, |told| {
            told.up_to = told.up_to.max(notice.number - 1);
            told.attempts += 1;
            told.due_at = now.plus(LENT_FOR);
        })
    }

    /// The next version, after the notice was told. `None` if somebody else has told it meanwhile.
    #[must_use]
    pub fn settled(&self, endpoint: &Slug, number: u64, outcome: Outcome) -> Option<Self> {
        self.endpoints.get(endpoint).filter(|told| told.up_to < number)?;
        Some(self.with(endpoint, |told| match outcome {
            Outcome::Done => *told = Told { up_to: number, ..Told::default() },
            Outcome::Later(due_at) => told.due_at = due_at,
        }))
    }

    fn with(&self, endpoint: &Slug, change: impl FnOnce(&mut Told)) -> Self {
        let mut next = Self { version: self.version + 1, ..self.clone() };
        if let Some(told) = next.endpoints.get_mut(endpoint) {
            change(told);
        }
        next
    }
}

#[cfg(test)]
mod tests;
