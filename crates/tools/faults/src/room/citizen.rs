//! One simulated citizen: joins, polls as told, takes the pass, leaves; and notes what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock::{UnixMs, now, pause, seconds};
use crate::http::{self, POSTCODE, Reply};
use crate::room::history::{Asked, Event, Standing, Told};
use crate::room::{proof, reading};

/// A refusal that makes no sense is not asked for more often than this.
const TRIES_MAX: u32 = 5;
/// Longer than that nobody obeys a `Retry-After`.
const RETRY_MAX_S: f64 = 10.0;

/// What all citizens know, and how far they are.
pub struct Town {
    /// The room at each instance. The citizen stands in for the load balancer: it picks one for each
    /// request, and another after a broken connection.
    pub rooms: Vec<String>,
    pub joined: AtomicUsize,
    /// People who know that they are called.
    pub called: AtomicUsize,
    /// When the last fault ended.
    pub healed_at: AtomicI64,
    /// Of those who are called, who still waited after that: the calls go on.
    pub called_anew: AtomicUsize,
}

/// What somebody does differently from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    /// Takes the pass when called, and leaves.
    Plain,
    /// Asks for the pass twice, as after a lost reply.
    Twice,
    /// Keeps the pass until it expires.
    Stays,
    /// Never takes the pass.
    NoShow,
    /// Does not poll for a while, then comes back with the ticket.
    Wanders,
}

/// A citizen; [`Self::live`] is its story.
pub struct Citizen {
    pub number: u32,
    pub arrives_in: Duration,
    pub rng: StdRng,
    pub client: Client,
    pub town: Arc<Town>,
    /// Everybody goes home when it turns true.
    pub over: watch::Receiver<bool>,
    events: Vec<Event>,
    ticket: Option<String>,
    /// The instance of the last request, and whether it gave no answer.
    last: Option<(usize, bool)>,
    /// When it last asked and was told to wait.
    waited_at: UnixMs,
    knows_of_call: bool,
}

impl Citizen {
    pub fn new(
        number: u32,
        arrives_in: Duration,
        rng: StdRng,
        client: Client,
        town: Arc<Town>,
        over: watch::Receiver<bool>,
    ) -> Self {
        Self {
            number,
            arrives_in,
            rng,
            client,
            town,
            over,
            events: Vec::new(),
            ticket: None,
            last: None,
            waited_at: UnixMs::MIN,
            knows_of_call: false,
        }
    }

    /// Lives until it has left or all is over; gives what it was told.
    pub async fn live(mut self) -> Vec<Event> {
        let _ = self.story().await;
        self.events
    }

    /// `None` when it has gone home earlier.
    async fn story(&mut self) -> Option<()> {
        let temper = match self.rng.random_range(0..100) {
            0..8 => Temper::Stays,
            8..20 => Temper::NoShow,
            20..30 => Temper::Twice,
            30..40 => Temper::Wanders,
            _ => Temper::Plain,
        };
        self.rest(self.arrives_in).await?;
        let pass = if let Some(pass) = self.join().await? {
            pass
        } else {
            self.wait_for_the_call(temper).await?;
            if temper == Temper::NoShow {
                return None;
            }
            self.take().await?
        };
        if temper == Temper::Twice {
            self.take().await?;
        }
        let visit = self.rng.random_range(0.5..2.0);
        self.rest(seconds(visit)).await?;
        if temper != Temper::Stays {
            self.leave(&pass).await?;
        }
        Some(())
    }

    /// Gives the pass, if it came along; else it rests until it is to ask again.
    async fn join(&mut self) -> Option<Option<String>> {
        let key = format!("join-{}-{}", self.number, self.rng.random::<u64>());
        let mut body = json!({"residence": {"postcode": POSTCODE}});
        for _ in self.tries() {
            let join = What { method: Method::POST, path: "/tickets", bearer: None };
            let reply = self.ask(Asked::Join, &join, Some((&key, &body))).await;
            if let Some(reply) = &reply
                && matches!(reply.status, 200 | 201)
            {
                self.town.joined.fetch_add(1, Ordering::Relaxed);
                let pass = reply.body["pass"]["pass"].as_str().map(str::to_owned);
                if pass.is_none() {
                    self.rest(seconds(reply.number("poll_after_s").unwrap_or(1.0))).await?;
                }
                return Some(pass);
            }
            match reply {
                // As a page does: people from the same address may have come very often.
                Some(reply) if reply.code() == "proof-required" => {
                    body["proof"] = self.prove(&reply).await.into();
                }
                reply => self.rest_after(reply).await?,
            }
        }
        None
    }

    /// The proof that a refusal asks for.
    async fn prove(&self, refusal: &Reply) -> Option<String> {
        let room = self.town.rooms.get(self.last?.0)?;
        proof::of(&self.client, room, refusal).await
    }

    async fn wait_for_the_call(&mut self, temper: Temper) -> Option<()> {
        let mut wanders = temper == Temper::Wanders;
        for _ in self.tries() {
            loop {
                let reply = self.ask_with_ticket(Asked::Poll, Method::GET, "/ticket").await;
                if self.knows_of_call {
                    return Some(());
                }
                match reply.filter(|reply| reply.status == 200) {
                    Some(reply) => {
                        let poll_after_s = reply.number("poll_after_s").unwrap_or(1.0);
                        self.rest(seconds(poll_after_s)).await?;
                    }
                    None => break,
                }
                if wanders && self.rng.random_bool(0.3) {
                    wanders = false;
                    let away_s = self.rng.random_range(4.0..8.0);
                    self.rest(seconds(away_s)).await?;
                }
            }
            self.rest(seconds(1.0)).await?;
        }
        None
    }

    async fn take(&mut self) -> Option<String> {
        for _ in self.tries() {
            let reply = self.ask_with_ticket(Asked::Take, Method::POST, "/passes").await;
            if let Some(reply) = &reply {
                if reply.status == 201 {
                    return reply.body["pass"].as_str().map(str::to_owned);
                }
                if reply.code() == "pass-used" {
                    return None;
                }
            }
            self.rest_after(reply).await?;
        }
        None
    }

    async fn leave(&mut self, pass: &str) -> Option<()> {
        for _ in 0..TRIES_MAX {
            let leave =
                What { method: Method::DELETE, path: "/passes/current", bearer: Some(pass) };
            let reply = self.ask(Asked::Leave, &leave, None).await;
            if reply.as_ref().is_some_and(|reply| reply.status < 429) {
                return Some(());
            }
            self.rest_after(reply).await?;
        }
        None
    }

    /// As often as the town's patience with a service that is away reaches.
    #[expect(clippy::unused_self, reason = "reads as what the citizen does")]
    fn tries(&self) -> std::ops::Range<u32> {
        0..TRIES_MAX * 8
    }

    async fn ask_with_ticket(&mut self, asked: Asked, method: Method, path: &str) -> Option<Reply> {
        let ticket = self.ticket.clone()?;
        self.ask(asked, &What { method, path, bearer: Some(&ticket) }, None).await
    }

    /// Sends one request and notes what was told.
    async fn ask(
        &mut self,
        asked: Asked,
        what: &What<'_>,
        body: Option<(&str, &Value)>,
    ) -> Option<Reply> {
        let instance = self.pick();
        let url = format!("{}{}", self.town.rooms[instance], what.path);
        let mut request = self.client.request(what.method.clone(), url);
        if let Some(bearer) = what.bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some((key, body)) = body {
            request = request.header("idempotency-key", key).json(body);
        }
        let sent = now();
        let reply = http::send(request).await;
        let told = told(asked, &reply);
        self.last = Some((instance, reply.is_err()));
        let answered = now();
        let event = Event { citizen: self.number, instance, sent, answered, asked, told };
        self.note_standing(&event);
        self.events.push(event);
        let reply = reply.ok()?;
        if let Some(ticket) = reply.body["ticket"].as_str() {
            self.ticket = Some(ticket.to_owned());
        }
        Some(reply)
    }

    fn note_standing(&mut self, event: &Event) {
        match event.state().map(|state| state.standing) {
            None | Some(Standing::Used) => {}
            Some(Standing::Gathering | Standing::Waiting) => self.waited_at = event.sent,
            Some(Standing::Called) if self.knows_of_call => {}
            Some(Standing::Called) => {
                self.knows_of_call = true;
                self.town.called.fetch_add(1, Ordering::Relaxed);
                if self.waited_at >= self.town.healed_at.load(Ordering::Relaxed) {
                    self.town.called_anew.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn pick(&mut self) -> usize {
        let instances = self.town.rooms.len();
        match self.last {
            Some((failed, true)) => (failed + 1) % instances,
            Some((_, false)) | None => self.rng.random_range(0..instances),
        }
    }

    /// As long as a refusal asks for; briefly where there was no answer.
    async fn rest_after(&mut self, reply: Option<Reply>) -> Option<()> {
        let asked_s = reply.and_then(|reply| reply.number("retry_after_s"));
        let rest_s =
            asked_s.map_or_else(|| self.rng.random_range(0.2..0.5), |s| s.min(RETRY_MAX_S));
        self.rest(seconds(rest_s)).await
    }

    /// `None` if all is over before.
    async fn rest(&mut self, duration: Duration) -> Option<()> {
        tokio::select! {
            biased;
            _ = self.over.wait_for(|over| *over) => None,
            () = pause(duration) => Some(()),
        }
    }
}

struct What<'a> {
    method: Method,
    path: &'a str,
    bearer: Option<&'a str>,
}

fn told(asked: Asked, reply: &Result<Reply, String>) -> Told {
    let reply = match reply {
        Ok(reply) => reply,
        Err(why) => return Told::Nothing { why: why.clone() },
    };
    let Reply { status, body, .. } = reply;
    let told = match (asked, status) {
        (Asked::Join, 200 | 201) | (Asked::Poll, 200) => reading::ticket_state(body)
            .map(|state| Told::State(state, reading::pass(&body["pass"]))),
        (Asked::Take, 201) => reading::pass(body).map(Told::Pass),
        (Asked::Leave, 204) => Some(Told::Left),
        (Asked::Join | Asked::Poll | Asked::Take | Asked::Leave, _) => {
            Some(Told::Refused { status: *status, code: reply.code().to_owned() })
        }
    };
    told.unwrap_or_else(|| Told::Nothing { why: format!("{status} with an unreadable body") })
}
