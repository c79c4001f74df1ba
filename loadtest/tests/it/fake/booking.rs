//! The booking API of the fake.

use serde_json::{Value, json};

use super::{Fake, Fault, State, problem, reply};
use crate::http::{Reply, Request};

impl Fake {
    pub(super) fn campaign(&self) -> Reply {
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

    pub(super) fn slots(&self, state: &State) -> Reply {
        let open = self.is_open(state);
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
            &json!({ "as_of": "2021-06-14T06:00:00Z", "places_left": places_left, "slots": slots,
                "waitlist_open": open && places_left == 0 && self.setting.waitlist_places > 0 }),
        )
    }

    /// One key, one effect, unless told otherwise.
    pub(super) fn once(&self, state: &mut State, request: &Request, path: &[&str]) -> Reply {
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
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
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
            ["campaigns", "fair", "waitlist"] => self.wait(state, &body),
            ["waitlist", entry, "offers", _, "acceptance"] => self.accept(state, entry),
            ["bookings", id, "cancellation"] => self.cancel(state, id),
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

    pub(super) fn book(&self, state: &mut State, slot: usize, body: &Value, takes: bool) -> Reply {
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

    pub(super) fn booking(&self, state: &State, id: &str) -> Reply {
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

fn slot_of(body: &Value) -> usize {
    let slot = body["slot"].as_str().and_then(|slot| slot.strip_prefix("slot."));
    slot.and_then(|number| number.parse().ok()).expect("a slot of ours")
}
