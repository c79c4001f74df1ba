//! A fake waiting room and booking API behind one address, honest unless told to break a promise.

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
}

/// The setting of one test.
#[derive(Clone, Debug)]
pub struct Setting {
    pub faults: Vec<Fault>,
    /// Places of each slot.
    pub slots: Vec<u64>,
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
    taken: Vec<u64>,
    holds: HashMap<String, usize>,
    persons: HashSet<String>,
    bookings: Vec<Value>,
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

    fn is_open(&self) -> bool {
        self.started.elapsed() >= self.setting.opens_in
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
            ("GET", ["bookings", id]) => self.booking(&state, id),
            ("DELETE", ["rooms", "fair", "passes", "current"] | ["holds", _]) => {
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
                "phase": if self.is_open() { "open" } else { "gathering" },
                "now": Self::time(self.started.elapsed()),
                "next_opening": if self.is_open() { Value::Null } else { next },
                "entered": state.entries,
                "called": if self.is_open() { state.entries } else { 0 },
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
            state.entries += 1;
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
        let (name, place) = match (self.is_open(), polls >= self.setting.called_after_polls) {
            (false, _) => ("gathering", None),
            (true, false) => ("waiting", Some(entry)),
            (true, true) => ("called", Some(entry)),
        };
        let moved = if self.has(Fault::MovesPlaces) { polls } else { 0 };
        json!({ "entry": entry, "state": name, "place": place.map(|place| place + moved * 1_000),
            "ahead": null, "estimated_wait_s": null, "poll_after_s": 0.02 })
    }

    fn poll(&self, state: &mut State, request: &Request) -> Reply {
        let ticket = request.bearer.as_deref().expect("a ticket");
        let entry = entry_of(ticket);
        if self.is_open() {
            *state.polls.entry(entry).or_default() += 1;
        }
        if self.has(Fault::RefusesTickets) {
            return problem(401, "ticket-invalid", json!({}));
        }
        reply(200, &self.own_state(state, entry))
    }

    fn redeem(&self, state: &mut State, request: &Request) -> Reply {
        let entry = entry_of(request.bearer.as_deref().expect("a ticket"));
        if !self.is_open() {
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

    fn campaign(&self) -> Reply {
        reply(
            200,
            &json!({
                "id": "fair", "title": "Fair", "time_zone": "Europe/Berlin", "seats_max": 4, "hold_ttl_s": 480,
                "tranches": [{ "index": 0, "opens_at": Self::time(self.setting.opens_in),
                    "places": self.setting.slots.iter().sum::<u64>() }],
                "municipalities": [{ "postcode": "67346", "ags": "07318000", "name": "Speyer" }],
            }),
        )
    }

    fn slots(&self, state: &State) -> Reply {
        let open = self.is_open();
        let left = |slot: usize| {
            if open { self.setting.slots[slot].saturating_sub(state.taken[slot]) } else { 0 }
        };
        let lies = open && (self.has(Fault::StaleSlots) || self.has(Fault::Oversells));
        let shown = |slot: usize| left(slot).max(u64::from(lies));
        let slots: Vec<Value> = (0..self.setting.slots.len())
            .map(|slot| json!({ "id": format!("slot.{slot}"), "site": "car-park",
                "capacity": self.setting.slots[slot], "released": self.setting.slots[slot], "places_left": shown(slot) }))
            .collect();
        let places_left: u64 = (0..slots.len()).map(left).sum();
        reply(
            200,
            &json!({ "as_of": "2021-06-14T06:00:00Z", "places_left": places_left, "slots": slots }),
        )
    }

    /// One key, one effect, unless told otherwise.
    fn once(&self, state: &mut State, request: &Request, path: &[&str]) -> Reply {
        let key = request.key.clone().expect("every mutation has a key");
        if self.has(Fault::InProgress) && state.in_progress.insert(key.clone()) {
            return problem(409, "request-in-progress", json!({ "retry_after_s": 0.01 }));
        }
        if let Some((body, before)) = state.keys.get(&key)
            && !self.has(Fault::ForgetsKeys)
        {
            if *body != request.body {
                return problem(422, "idempotency-key-reused", json!({}));
            }
            let mut again = before.clone();
            if self.has(Fault::RepliesDiffer) {
                again.body.push(b' ');
            }
            return again;
        }
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let new = match path {
            ["campaigns", "fair", "holds"] => self.hold(state, &body),
            ["campaigns", "fair", "bookings"] => match slot_of(&body) {
                slot if self.is_full(state, slot, 1) => problem(409, "slot-full", json!({})),
                slot => self.book(state, slot, &body, true),
            },
            ["holds", id, "bookings"] => match state.holds.get(*id).copied() {
                Some(slot) => self.book(state, slot, &body, false),
                None => problem(404, "hold-not-found", json!({})),
            },
            _ => problem(404, "not-found", json!({})),
        };
        if new.status < 300 {
            state.keys.insert(key, (request.body.clone(), new.clone()));
        }
        new
    }

    fn is_full(&self, state: &State, slot: usize, seats: u64) -> bool {
        state.taken[slot] + seats > self.setting.slots[slot] && !self.has(Fault::Oversells)
    }

    fn hold(&self, state: &mut State, body: &Value) -> Reply {
        let (slot, seats) = (slot_of(body), body["seats"].as_u64().expect("seats"));
        if self.is_full(state, slot, seats) {
            return problem(409, "slot-full", json!({}));
        }
        state.taken[slot] += seats;
        let id = format!("hold.{}", state.holds.len());
        state.holds.insert(id.clone(), slot);
        reply(201, &json!({ "id": id, "slot": body["slot"], "seats": seats, "seats_booked": 0 }))
    }

    fn book(&self, state: &mut State, slot: usize, body: &Value, takes: bool) -> Reply {
        let person = body["person"].to_string();
        if !state.persons.insert(person) && !self.has(Fault::BooksTwice) {
            return problem(409, "already-booked", json!({}));
        }
        state.taken[slot] += u64::from(takes);
        let id = format!("booking.{}", state.bookings.len());
        let booking = json!({ "id": id, "manage_token": format!("manage.{id}"), "slot": format!("slot.{slot}"),
            "status": "confirmed", "person": body["person"] });
        state.bookings.push(booking.clone());
        reply(201, &booking)
    }

    fn booking(&self, state: &State, id: &str) -> Reply {
        let first = id == "booking.0";
        match state.bookings.iter().find(|booking| booking["id"] == id) {
            Some(_) if first && self.has(Fault::LosesBooking) => {
                problem(404, "booking-not-found", json!({}))
            }
            Some(booking) => {
                let mut booking = booking.clone();
                if first && self.has(Fault::MovesBooking) {
                    booking["slot"] = json!("slot.elsewhere");
                }
                booking.as_object_mut().expect("an object").remove("manage_token");
                reply(200, &booking)
            }
            None => problem(404, "booking-not-found", json!({})),
        }
    }
}

fn entry_of(ticket: &str) -> u64 {
    let entry = ticket.split('.').nth(1).expect("a ticket of ours");
    entry.parse().expect("an entry")
}

fn slot_of(body: &Value) -> usize {
    let slot = body["slot"].as_str().and_then(|slot| slot.strip_prefix("slot."));
    slot.and_then(|number| number.parse().ok()).expect("a slot of ours")
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, retry_after_s: None, body: body.to_string().into_bytes() }
}

fn problem(status: u16, code: &str, mut members: Value) -> Reply {
    members["code"] = json!(code);
    members["status"] = json!(status);
    reply(status, &members)
}
