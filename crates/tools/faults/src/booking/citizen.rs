//! One simulated citizen with a pass: what it asks for, and the noting of what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::booking::campaign::CAMPAIGN;
use crate::booking::history::{Asked, Booked, Event, Told};
use crate::clock::{UnixMs, now, pause, seconds};
use crate::http::{self, Reply};

/// For so long a citizen asks again.
const PATIENCE_MS: i64 = 60_000;
/// Longer than that nobody obeys a `Retry-After`.
const RETRY_MAX_S: f64 = 10.0;

/// What all citizens know, and how far they are.
pub struct Town {
    /// The instances. The citizen stands in for the load balancer: it picks one for each request, and
    /// another after a broken connection.
    pub instances: Vec<String>,
    /// The slot that everybody wants.
    pub slot: String,
    /// The one to which some move.
    pub other_slot: String,
    /// Requests that were answered for good.
    pub answered: AtomicUsize,
}

/// A citizen.
pub struct Citizen {
    pub number: u32,
    pub rng: StdRng,
    pub client: Client,
    pub town: Arc<Town>,
    pub pass: String,
    /// Told so far.
    pub events: Vec<Event>,
}

impl Citizen {
    pub fn new(number: u32, rng: StdRng, client: Client, town: Arc<Town>, pass: String) -> Self {
        Self { number, rng, client, town, pass, events: Vec::new() }
    }

    /// Asks again until the answer is definite, or patience ends; each time at another instance, as
    /// behind a load balancer.
    pub async fn insist(&mut self, asked: Asked, bearer: &str) -> Option<Told> {
        let first = self.rng.random_range(0..self.town.instances.len());
        self.insist_from(first, asked, bearer).await
    }

    /// The same, at that instance first.
    pub async fn insist_from(&mut self, first: usize, asked: Asked, bearer: &str) -> Option<Told> {
        let began = now();
        let mut instance = first;
        while now() - began < PATIENCE_MS {
            let (told, retry_after_s) = self.ask(instance, &asked, bearer).await;
            if told.is_definite() {
                self.town.answered.fetch_add(1, Ordering::Relaxed);
                return Some(told);
            }
            // Clients that come back in step would be in each other's way again.
            let rest_s = retry_after_s.unwrap_or(0.2).min(RETRY_MAX_S);
            pause(seconds(rest_s * self.rng.random_range(0.8..1.6))).await;
            instance = (instance + 1) % self.town.instances.len();
        }
        None
    }

    /// Asks an instance once and notes the answer; with it, when to come back.
    pub async fn ask(
        &mut self,
        instance: usize,
        asked: &Asked,
        bearer: &str,
    ) -> (Told, Option<f64>) {
        let (method, path, body) = request(asked, &self.town.slot);
        let url = format!("{}/v1{path}", self.town.instances[instance]);
        let mut request = self.client.request(method, url).bearer_auth(bearer);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(key) = key(asked) {
            request = request.header("idempotency-key", key);
        }
        let sent = now();
        let reply = http::send(request).await;
        let told = told(asked, &reply);
        self.note(instance, sent, asked.clone(), told.clone());
        (told, reply.ok().and_then(|reply| reply.number("retry_after_s")))
    }

    fn note(&mut self, instance: usize, sent: UnixMs, asked: Asked, told: Told) {
        let (citizen, answered) = (self.number, now());
        self.events.push(Event { citizen, instance, sent, answered, asked, told });
    }

    /// Books a place; once more under the same key, where `times` is 2.
    pub async fn book(&mut self, key: &str, person: usize, times: usize) -> Option<Booked> {
        let mut booked = None;
        for _ in 0..times {
            let asked = Asked::Book { key: key.to_owned(), person };
            let pass = self.pass.clone();
            if let Told::Booked(now_booked) = self.insist(asked, &pass).await? {
                booked = Some(now_booked);
            }
        }
        booked
    }

    /// Holds two seats, books the first, and the second only for `second`; else gives it back.
    pub async fn hold(&mut self, key: &str, person: usize, second: Option<usize>) -> Option<()> {
        let pass = self.pass.clone();
        let asked = Asked::Hold { key: format!("{key}-hold") };
        let Told::Held(hold, _) = self.insist(asked, &pass).await? else { return None };
        for (seat, person) in [Some(person), second].into_iter().flatten().enumerate() {
            let key = format!("{key}-seat-{seat}");
            let asked = Asked::Confirm { key, person, hold: hold.clone() };
            self.insist(asked, &pass).await?;
        }
        if second.is_none() {
            self.insist(Asked::Release { hold }, &pass).await?;
        }
        Some(())
    }

    /// Cancels a booking.
    pub async fn cancel(&mut self, booked: &Booked) -> Option<Told> {
        let token = booked.body["manage_token"].as_str()?.to_owned();
        self.insist(Asked::Cancel { booking: booked.id.clone() }, &token).await
    }

    /// Moves a booking to the other slot.
    pub async fn move_over(&mut self, booked: &Booked) -> Option<Told> {
        let token = booked.body["manage_token"].as_str()?.to_owned();
        let slot = self.town.other_slot.clone();
        self.insist(Asked::Move { booking: booked.id.clone(), slot }, &token).await
    }

    /// Reads a booking again.
    pub async fn show(&mut self, booked: &Booked) -> Option<Told> {
        let token = booked.body["manage_token"].as_str()?.to_owned();
        self.insist(Asked::Show { booking: booked.id.clone() }, &token).await
    }

    /// Lets a while pass.
    pub async fn rest(&mut self, range: std::ops::Range<f64>) {
        let rest: Duration = seconds(self.rng.random_range(range));
        pause(rest).await;
    }
}

pub(super) fn key(asked: &Asked) -> Option<&str> {
    match asked {
        Asked::Book { key, .. }
        | Asked::Hold { key }
        | Asked::Confirm { key, .. }
        | Asked::Join { key, .. }
        | Asked::Accept { key, .. } => Some(key),
        Asked::Cancel { booking } | Asked::Move { booking, .. } => Some(booking),
        Asked::Release { .. }
        | Asked::Show { .. }
        | Asked::LookUp { .. }
        | Asked::Decline { .. }
        | Asked::Leave { .. }
        | Asked::Look => None,
    }
}

fn person(number: usize) -> Value {
    json!({
        "given_name": "Erika",
        "family_name": test_support::family_name(number),
        "date_of_birth": "1980-02-29",
        "email": format!("person-{number}@town.example"),
    })
}

pub(super) fn request(asked: &Asked, slot: &str) -> (Method, String, Option<Value>) {
    match asked {
        Asked::Book { person: number, .. } => (
            Method::POST,
            format!("/campaigns/{CAMPAIGN}/bookings"),
            Some(json!({"slot": slot, "person": person(*number)})),
        ),
        Asked::Hold { .. } => (
            Method::POST,
            format!("/campaigns/{CAMPAIGN}/holds"),
            Some(json!({"slot": slot, "seats": 2})),
        ),
        Asked::Confirm { person: number, hold, .. } => (
            Method::POST,
            format!("/holds/{hold}/bookings"),
            Some(json!({"person": person(*number)})),
        ),
        Asked::Release { hold } => (Method::DELETE, format!("/holds/{hold}"), None),
        Asked::Cancel { booking } => {
            (Method::POST, format!("/bookings/{booking}/cancellation"), None)
        }
        Asked::Move { booking, slot } => {
            (Method::PUT, format!("/bookings/{booking}/slot"), Some(json!({"slot": slot})))
        }
        Asked::Show { booking } => (Method::GET, format!("/bookings/{booking}"), None),
        Asked::Join { person: number, .. } => (
            Method::POST,
            format!("/campaigns/{CAMPAIGN}/waitlist"),
            Some(json!({"person": person(*number)})),
        ),
        Asked::LookUp { entry } => (Method::GET, format!("/waitlist/{entry}"), None),
        Asked::Accept { entry, offer, .. } => {
            (Method::POST, format!("/waitlist/{entry}/offers/{offer}/acceptance"), None)
        }
        Asked::Decline { entry, offer, stay } => (
            Method::POST,
            format!("/waitlist/{entry}/offers/{offer}/decline"),
            Some(json!({"stay": stay})),
        ),
        Asked::Leave { entry } => (Method::DELETE, format!("/waitlist/{entry}"), None),
        Asked::Look => (Method::GET, format!("/campaigns/{CAMPAIGN}/slots"), None),
    }
}

fn told(asked: &Asked, reply: &Result<Reply, String>) -> Told {
    let Reply { status, has_retry_after, body } = match reply {
        Ok(reply) => reply,
        Err(why) => return Told::Nothing { why: why.clone() },
    };
    let told = match (asked, status) {
        (Asked::Book { .. } | Asked::Confirm { .. } | Asked::Accept { .. }, 201) => {
            booked(body).map(Told::Booked)
        }
        (Asked::Hold { .. }, 201) => id(body).map(|id| Told::Held(id, body.clone())),
        (Asked::Join { .. }, 201) => id(body).map(|id| Told::Joined(id, body.clone())),
        (Asked::LookUp { .. }, 200) => Some(Told::Entry(body.clone())),
        (Asked::Decline { .. }, 204) => Some(Told::Declined),
        (Asked::Leave { .. }, 204) => Some(Told::Left),
        (Asked::Release { .. }, 204) => Some(Told::Released),
        (Asked::Cancel { .. }, 200) => Some(Told::Cancelled),
        (Asked::Move { .. }, 200) => body["slot"].as_str().map(|slot| Told::Moved(slot.to_owned())),
        (Asked::Show { .. }, 200) => Some(Told::Shown(body.clone())),
        (Asked::Look, 200) => Some(Told::Seen),
        (_, 400..) => Some(Told::Refused {
            status: *status,
            code: body["code"].as_str().unwrap_or_default().to_owned(),
            has_retry_after: *has_retry_after,
        }),
        (_, _) => None,
    };
    told.unwrap_or_else(|| Told::Nothing { why: format!("{status} with an unreadable body") })
}

fn id(body: &Value) -> Option<String> {
    body["id"].as_str().map(str::to_owned)
}

fn booked(body: &Value) -> Option<Booked> {
    let text = |member: &str| body[member].as_str().map(str::to_owned);
    Some(Booked { id: text("id")?, slot: text("slot")?, code: text("code")?, body: body.clone() })
}
