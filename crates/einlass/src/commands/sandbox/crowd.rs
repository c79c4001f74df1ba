//! The others: people who stand in line before whoever tries the sandbox, and take what is sold out.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::front::OWN;

/// They look this often whether it is their turn.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many times they see that somebody waits before one of them cancels: time to look at it.
const LOOKS_BEFORE_CANCELLING: u32 = 5;
/// While the sandbox is being prepared, they look this often, and so many times at most.
const HASTE: Duration = Duration::from_millis(100);
const TRIES_MAX: u32 = 300;
const POSTCODE: &str = "67346";
/// Seats of one pass.
const SEATS: usize = 4;
/// Those who take what is sold out.
const FAMILY_NAMES: [&str; 8] =
    ["Ahorn", "Birke", "Buche", "Eiche", "Erle", "Fichte", "Linde", "Ulme"];

/// The people of one campaign.
pub struct Crowd {
    client: Client,
    room: String,
    campaign: String,
    bookings_url: String,
    tickets: Vec<String>,
    bookings: Vec<Booked>,
}

/// A place of the crowd: where it is, and the token that gives it back.
struct Booked {
    url: String,
    manage_token: String,
}

impl Crowd {
    /// Nobody yet.
    pub fn of(campaign: &str, room_url: &str, booking_url: &str) -> anyhow::Result<Self> {
        let own = HeaderMap::from_iter([(OWN.try_into()?, HeaderValue::from_static("crowd"))]);
        Ok(Self {
            client: Client::builder().default_headers(own).build()?,
            room: format!("{room_url}/v1/rooms/{campaign}"),
            campaign: format!("{booking_url}/v1/campaigns/{campaign}"),
            bookings_url: format!("{booking_url}/v1/bookings"),
            tickets: Vec::new(),
            bookings: Vec::new(),
        })
    }

    /// So many more people join.
    pub async fn join(&mut self, people: usize) -> anyhow::Result<()> {
        for _ in 0..people {
            let residence = json!({"residence": {"postcode": POSTCODE}});
            let request = self.client.post(format!("{}/tickets", self.room)).json(&residence);
            let joined = send(request).await?.context("nobody of the crowd may join")?;
            self.tickets.push(text(&joined, "ticket")?);
        }
        Ok(())
    }

    /// They wait, come when they are called, and go again without a place; as many come after them if
    /// the crowd is to stay as large as it is. Runs until it is dropped.
    pub async fn keep_moving(mut self, stays_large: bool) {
        let size = self.tickets.len();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let mut waiting = Vec::new();
            for ticket in std::mem::take(&mut self.tickets) {
                if self.visit(&ticket).await.unwrap_or(true) {
                    waiting.push(ticket);
                }
            }
            self.tickets = waiting;
            if stays_large && self.tickets.len() < size {
                // A room that is closed, or paused by a test, takes them later or never.
                let _ = self.join(1).await;
            }
        }
    }

    /// Whether the holder of the ticket still waits.
    async fn visit(&self, ticket: &str) -> anyhow::Result<bool> {
        let url = format!("{}/ticket", self.room);
        let standing = send(self.client.get(url).bearer_auth(ticket)).await?;
        let Some(standing) = standing else { return Ok(false) };
        if standing["state"] != "called" {
            return Ok(standing["state"] != "closed" && standing["state"] != "used");
        }
        let Some(pass) = self.pass(ticket).await? else { return Ok(true) };
        let url = format!("{}/passes/current", self.campaign);
        send(self.client.delete(url).bearer_auth(pass)).await?;
        Ok(false)
    }

    async fn pass(&self, ticket: &str) -> anyhow::Result<Option<String>> {
        let request = self.client.post(format!("{}/passes", self.room)).bearer_auth(ticket);
        send(request).await?.map(|issued| text(&issued, "pass")).transpose()
    }

    /// They book so many places, which are all there are, and stay away.
    pub async fn take(&mut self, places: usize) -> anyhow::Result<()> {
        let mut looks = tokio::time::interval(HASTE);
        let mut booked = 0;
        for _ in 0..TRIES_MAX {
            looks.tick().await;
            if booked == places {
                return Ok(());
            }
            // Until the clock's move is noticed everywhere, no place is shown and nobody is called.
            let free = self.free_places().await?;
            if free.is_empty() {
                continue;
            }
            self.join(1).await?;
            let ticket = self.tickets.pop().context("nobody has joined")?;
            let Some(pass) = self.pass(&ticket).await? else { continue };
            for slot in free.iter().take(SEATS) {
                let name = FAMILY_NAMES.get(booked).context("too few names")?;
                booked += usize::from(self.book(&pass, slot, name).await?);
            }
        }
        bail!("only {booked} of {places} places could be booked")
    }

    /// The slots with a free place, once for each.
    async fn free_places(&self) -> anyhow::Result<Vec<String>> {
        let shown = send(self.client.get(format!("{}/slots", self.campaign))).await?;
        let shown = shown.context("there are no slots")?;
        let slots = shown["slots"].as_array().context("there are no slots")?;
        let mut free = Vec::new();
        for slot in slots {
            let places = usize::try_from(slot["places_left"].as_u64().unwrap_or(0))?;
            free.extend(std::iter::repeat_n(text(slot, "id")?, places));
        }
        Ok(free)
    }

    /// Whenever somebody waits and is offered nothing, one of them cancels, as long as they have places. Runs
    /// until it is dropped.
    pub async fn keep_cancelling(mut self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut waited = 0;
        while let Some(booked) = self.bookings.last() {
            looks.tick().await;
            waited = if self.somebody_waits().await.unwrap_or(false) { waited + 1 } else { 0 };
            if waited < LOOKS_BEFORE_CANCELLING {
                continue;
            }
            waited = 0;
            let request = self.client.post(format!("{}/cancellation", booked.url));
            let request = request.bearer_auth(&booked.manage_token);
            if send(request.header("idempotency-key", "cancel")).await.is_ok() {
                self.bookings.pop();
            }
        }
    }

    async fn somebody_waits(&self) -> anyhow::Result<bool> {
        let status = send(self.client.get(format!("{}/waitlist", self.campaign))).await?;
        let status = status.context("there is no waitlist")?;
        Ok(status["waiting"].as_u64() > status["offers_open"].as_u64())
    }

    async fn book(&mut self, pass: &str, slot: &str, family_name: &str) -> anyhow::Result<bool> {
        let body = json!({"slot": slot, "person": {
            "given_name": "Kim", "family_name": family_name, "date_of_birth": "1980-02-29",
        }});
        let request = self.client.post(format!("{}/bookings", self.campaign)).json(&body);
        let request =
            request.bearer_auth(pass).header("idempotency-key", format!("{slot}-{family_name}"));
        let Some(booked) = send(request).await? else { return Ok(false) };
        self.bookings.push(Booked {
            url: format!("{}/{}", self.bookings_url, text(&booked, "id")?),
            manage_token: text(&booked, "manage_token")?,
        });
        Ok(true)
    }
}

/// The answer to a request; `None` if it was refused.
async fn send(request: RequestBuilder) -> anyhow::Result<Option<Value>> {
    let answer = request.send().await?;
    let status = answer.status();
    ensure!(!status.is_server_error(), "the sandbox answers {status}");
    if status == StatusCode::NO_CONTENT {
        return Ok(Some(Value::Null));
    }
    Ok(if status.is_success() { Some(answer.json().await?) } else { None })
}

fn text(body: &Value, member: &'static str) -> anyhow::Result<String> {
    Ok(body[member].as_str().context(member)?.to_owned())
}
