//! A fake waiting room and booking API behind one address, honest unless told to break a promise.

mod booking;
mod waitlist;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::http::{self, Reply, Request};

/// What the fake does wrong, or makes hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Every reply to a repeated request differs.
    RepliesDiffer,
    /// A repeated request is answered as if it were new.
    ForgetsKeys,
    /// The first booking is gone afterwards.
    LosesBooking,
    /// The first booking is moved to another slot afterwards.
    MovesBooking,
    /// Every ticket has entry 0.
    SameEntry,
    /// A place changes from poll to poll.
    MovesPlaces,
    /// Redeeming again gives another pass.
    NewPasses,
    /// A ticket is refused after its first use.
    RefusesTickets,
    /// Persons may book again.
    BooksTwice,
    /// Slots never get full.
    Oversells,
    /// The slots pretend to have room where there is none.
    StaleSlots,
    /// A key is in progress when first seen.
    InProgress,
    /// Every fifth request gets a 503.
    Overloaded,
    /// Every fifth request gets no reply at all.
    HangsUp,
    /// Tickets are signed anew once they have a place, and then count in that form only.
    SignsAnew,
    /// The room is over before anybody is called.
    Closes,
    /// The epoch rises while people gather, and it opens only when all earlier tickets were presented.
    LosesMemory,
}

/// The setting of one test.
#[derive(Clone, Debug)]
pub struct Setting {
    pub faults: Vec<Fault>,
    /// Places of each slot.
    pub slots: Vec<u64>,
    /// Persons who may join the waitlist, once no place is left.
    pub waitlist_places: usize,
    /// Until the room opens; zero: it is open, and joining gives a pass at once.
    pub opens_in: Duration,
    /// A ticket is called when it has been asked for so often after the opening.
    pub called_after_polls: u64,
    /// The door asks for the municipality.
    pub asks_back: bool,
}

#[derive(Default)]
struct State {
    requests: u64,
    entries: u64,
    polls: HashMap<u64, u64>,
    passes: u64,
    pass_of_entry: HashMap<u64, String>,
    signed_anew: HashSet<u64>,
    /// Entries from before the loss that were not presented since.
    forgotten: HashSet<u64>,
    taken: Vec<u64>,
    holds: HashMap<String, usize>,
    persons: HashSet<String>,
    bookings: Vec<Value>,
    waitlist: Vec<waitlist::Entry>,
    keys: HashMap<String, (Vec<u8>, Reply)>,
    in_progress: HashSet<String>,
}

/// The fake. Clones share the state.
#[derive(Clone)]
pub struct Fake {
    setting: Setting,
    started: Instant,
    state: Arc<Mutex<State>>,
}

impl Fake {
    /// Starts it and returns its base URL.
    pub async fn start(setting: Setting) -> (Self, String) {
        let fake = Self {
            state: Arc::new(Mutex::new(State {
                taken: vec![0; setting.slots.len()],
                ..State::default()
            })),
            started: Instant::now(),
            setting,
        };
        let serving = fake.clone();
        let address = http::serve(Arc::new(move |request| serving.reply(request))).await;
        (fake, format!("http://{address}/"))
    }

    /// How often tickets were asked for.
    pub fn polls(&self) -> u64 {
        self.lock().polls.values().sum()
    }

    /// Taken places per slot.
    pub fn taken(&self) -> Vec<u64> {
        self.lock().taken.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, fault: Fault) -> bool {
        self.setting.faults.contains(&fault)
    }

    fn is_open(&self, state: &State) -> bool {
        self.started.elapsed() >= self.setting.opens_in && state.forgotten.is_empty()
    }

    fn epoch(&self) -> u64 {
        let has_lost = self.started.elapsed() * 2 >= self.setting.opens_in;
        1 + u64::from(self.has(Fault::LosesMemory) && has_lost)
    }

    fn time(after: Duration) -> String {
        let start: jiff::Timestamp = "2021-06-14T06:00:00Z".parse().expect("a timestamp");
        (start + after).to_string()
    }

    fn reply(&self, request: &Request) -> Option<Reply> {
        let mut state = self.lock();
        state.requests += 1;
        // The first requests read the campaign and the room.
        if state.requests > 2 && state.requests.is_multiple_of(5) {
            if self.has(Fault::HangsUp) {
                return None;
            }
            if self.has(Fault::Overloaded) {
                let mut reply = problem(503, "overloaded", json!({}));
                reply.retry_after_s = Some(0);
                return Some(reply);
            }
        }
        let path: Vec<&str> = request.path.trim_start_matches('/').split('/').skip(1).collect();
        Some(match (request.method.as_str(), path.as_slice()) {
            ("GET", ["rooms", "fair"]) => self.status(&state),
            ("POST", ["rooms", "fair", "tickets"]) => self.join(&mut state, request),
            ("GET", ["rooms", "fair", "ticket"]) => self.poll(&mut state, request),
            ("POST", ["rooms", "fair", "passes"]) => self.redeem(&mut state, request),
            ("GET", ["campaigns", "fair"]) => self.campaign(),
            ("GET", ["campaigns", "fair", "slots"]) => self.slots(&state),
            ("GET", ["campaigns", "fair", "waitlist"]) => Self::waitlist(&state),
            ("GET", ["waitlist", entry]) => Self::entry(&state, entry),
            ("POST", ["waitlist", entry, "offers", _, "decline"]) => {
                Self::decline(&mut state, entry, request)
            }
            ("GET", ["bookings", id]) => self.booking(&state, id),
            ("DELETE", ["campaigns", "fair", "passes", "current"] | ["holds", _]) => {
                reply(204, &Value::Null)
            }
            ("POST", _) => self.once(&mut state, request, &path),
            _ => problem(404, "not-found", json!({})),
        })
    }

    fn status(&self, state: &State) -> Reply {
        let next = json!({
            "index": 0,
            "opens_at": Self::time(self.setting.opens_in),
            "gathers_from": Self::time(Duration::ZERO),
        });
        reply(
            200,
            &json!({
                "room": "fair",
                "epoch": self.epoch(),
                "phase": if self.is_open(state) { "open" } else { "gathering" },
                "now": Self::time(self.started.elapsed()),
                "next_opening": if self.is_open(state) { Value::Null } else { next },
                "entered": state.entries,
                "called": if self.is_open(state) { state.entries } else { 0 },
                "poll_after_s": 0.02,
            }),
        )
    }

    fn join(&self, state: &mut State, request: &Request) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        if body["residence"]["postcode"] != "67346" {
            return problem(403, "not-eligible", json!({}));
        }
        if self.setting.asks_back && body["residence"]["ags"] != "07318000" {
            let municipalities = json!([{"ags": "07999999", "name": "Other"}, {"ags": "07318000", "name": "Speyer"}]);
            return problem(
                422,
                "municipality-required",
                json!({ "municipalities": municipalities }),
            );
        }
        let entry = match &request.bearer {
            Some(ticket) => entry_of(ticket),
            None if self.has(Fault::SameEntry) => 0,
            None => state.entries,
        };
        if request.bearer.is_none() {
            assert!(request.key.is_some(), "a join that can be repeated");
            state.entries += 1;
            if self.has(Fault::LosesMemory) && self.epoch() == 1 {
                state.forgotten.insert(entry);
            }
        }
        let mut told = self.own_state(state, entry);
        let issued = state.entries;
        told["ticket"] = match &request.bearer {
            Some(ticket) => json!(ticket),
            None => json!(format!("ticket.{entry}.{issued}")),
        };
        if self.setting.opens_in.is_zero() && self.setting.called_after_polls == 0 {
            told["pass"] = self.pass(state, entry);
        }
        reply(if request.bearer.is_some() { 200 } else { 201 }, &told)
    }

    fn own_state(&self, state: &State, entry: u64) -> Value {
        let polls = state.polls.get(&entry).copied().unwrap_or(0);
        let (name, place) = match (self.is_open(state), polls >= self.setting.called_after_polls) {
            (false, _) => ("gathering", None),
            (true, _) if self.has(Fault::Closes) => ("closed", None),
            (true, false) => ("waiting", Some(entry)),
            (true, true) => ("called", Some(entry)),
        };
        let moved = if self.has(Fault::MovesPlaces) { polls } else { 0 };
        json!({ "entry": entry, "epoch": self.epoch(), "state": name, "place": place.map(|place| place + moved * 1_000),
            "ahead": null, "estimated_wait_s": null, "poll_after_s": 0.02 })
    }

    fn poll(&self, state: &mut State, request: &Request) -> Reply {
        let ticket = request.bearer.as_deref().expect("a ticket");
        let entry = entry_of(ticket);
        if self.epoch() > 1 {
            state.forgotten.remove(&entry);
        }
        if self.is_open(state) {
            *state.polls.entry(entry).or_default() += 1;
        }
        if self.has(Fault::RefusesTickets) || self.is_outdated(state, ticket) {
            return problem(401, "ticket-invalid", json!({}));
        }
        let mut told = self.own_state(state, entry);
        let is_drawn = !told["place"].is_null();
        if self.has(Fault::SignsAnew) && is_drawn && state.signed_anew.insert(entry) {
            told["ticket"] = json!(format!("{ticket}.drawn"));
        }
        reply(200, &told)
    }

    fn is_outdated(&self, state: &State, ticket: &str) -> bool {
        self.has(Fault::SignsAnew)
            && state.signed_anew.contains(&entry_of(ticket))
            && ticket.strip_suffix(".drawn").is_none()
    }

    fn redeem(&self, state: &mut State, request: &Request) -> Reply {
        let ticket = request.bearer.as_deref().expect("a ticket");
        if self.is_outdated(state, ticket) {
            return problem(401, "ticket-invalid", json!({}));
        }
        let entry = entry_of(ticket);
        if !self.is_open(state) {
            return problem(409, "not-your-turn", json!({ "retry_after_s": 0.02 }));
        }
        let pass = self.pass(state, entry);
        reply(201, &pass)
    }

    fn pass(&self, state: &mut State, entry: u64) -> Value {
        state.passes += 1;
        let number = state.passes;
        let known =
            state.pass_of_entry.entry(entry).or_insert_with(|| format!("pass.{number}")).clone();
        let pass = if self.has(Fault::NewPasses) { format!("pass.{number}") } else { known };
        json!({ "pass": pass, "expires_at": Self::time(Duration::from_mins(15)) })
    }
}

fn entry_of(ticket: &str) -> u64 {
    let entry = ticket.split('.').nth(1).expect("a ticket of ours");
    entry.parse().expect("an entry")
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, retry_after_s: None, body: body.to_string().into_bytes() }
}

fn problem(status: u16, code: &str, mut members: Value) -> Reply {
    members["code"] = json!(code);
    members["status"] = json!(status);
    reply(status, &members)
}
