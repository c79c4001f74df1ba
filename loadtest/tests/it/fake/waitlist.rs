//! The waitlist of the fake. A place that comes back is offered to the first who waits and has declined none.

use serde_json::{Value, json};

use super::{Fake, State, problem, reply};
use crate::http::{Reply, Request};

/// One person who waits, or has waited.
pub struct Entry {
    person: Value,
    state: &'static str,
    slot: Option<usize>,
    has_declined: bool,
}

impl Fake {
    pub(super) fn waitlist(state: &State) -> Reply {
        let open = state.waitlist.iter().filter(|entry| entry.state == "offered").count();
        reply(200, &json!({ "open": true, "offers_open": open }))
    }

    pub(super) fn wait(&self, state: &mut State, body: &Value) -> Reply {
        let number = state.waitlist.len();
        if number == self.setting.waitlist_places {
            return problem(409, "waitlist-full", json!({}));
        }
        let person = body["person"].clone();
        if state.persons.contains(&person.to_string()) {
            return problem(409, "already-booked", json!({}));
        }
        state.waitlist.push(Entry { person, state: "waiting", slot: None, has_declined: false });
        reply(
            201,
            &json!({ "id": format!("wait.{number}"), "waitlist_token": "token", "number": number + 1 }),
        )
    }

    pub(super) fn entry(state: &State, id: &str) -> Reply {
        let entry = &state.waitlist[number_of(id)];
        let offer = entry.slot.filter(|_| entry.state == "offered");
        let offer = offer
            .map(|slot| json!({ "id": format!("offer.{id}"), "slot": format!("slot.{slot}") }));
        reply(200, &json!({ "id": id, "state": entry.state, "offer": offer }))
    }

    pub(super) fn accept(&self, state: &mut State, id: &str) -> Reply {
        let entry = &mut state.waitlist[number_of(id)];
        let Some(slot) = entry.slot.filter(|_| entry.state == "offered") else {
            return problem(409, "offer-over", json!({}));
        };
        entry.state = "booked";
        let body = json!({ "person": entry.person });
        self.book(state, slot, &body, false)
    }

    pub(super) fn decline(state: &mut State, id: &str, request: &Request) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let entry = &mut state.waitlist[number_of(id)];
        entry.state = if body["stay"] == true { "waiting" } else { "left" };
        entry.has_declined = true;
        let slot = entry.slot.take().expect("an offer");
        give_back(state, slot);
        reply(204, &Value::Null)
    }

    /// Nobody gets to it before all wait who may: what comes of a test depends on no timing.
    pub(super) fn cancel(&self, state: &mut State, id: &str) -> Reply {
        if state.waitlist.len() < self.setting.waitlist_places {
            let mut reply = problem(503, "overloaded", json!({}));
            reply.retry_after_s = Some(0);
            return reply;
        }
        let booking = state.bookings.iter_mut().find(|booking| booking["id"] == id);
        let booking = booking.expect("a booking of ours");
        booking["status"] = json!("cancelled");
        let (person, slot) = (booking["person"].to_string(), booking["slot"].clone());
        state.persons.remove(&person);
        let slot = slot.as_str().and_then(|slot| slot.strip_prefix("slot."));
        give_back(state, slot.and_then(|slot| slot.parse().ok()).expect("a slot of ours"));
        reply(200, &json!({ "id": id, "status": "cancelled" }))
    }
}

fn give_back(state: &mut State, slot: usize) {
    let mut waiting = state.waitlist.iter_mut();
    match waiting.find(|entry| entry.state == "waiting" && !entry.has_declined) {
        Some(entry) => (entry.state, entry.slot) = ("offered", Some(slot)),
        None => state.taken[slot] -= 1,
    }
}

fn number_of(id: &str) -> usize {
    id.strip_prefix("wait.").and_then(|number| number.parse().ok()).expect("an entry of ours")
}
