//! Everybody's browser: one shared HTTP/1.1 client, never more than `connections_max` requests in flight, every
//! reply counted and timed, and a request that got no reply or an overload is sent again with patience.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use reqwest::{Method, header};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};

use super::Course;
use super::ledger::Ledger;
use super::wire::Problem;
use crate::clock;

/// Reads of the audit at the same time.
const AUDIT_CONNECTIONS: usize = 32;
/// Longer than any answer a healthy server needs; P14 says an overloaded one refuses fast.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A 500 is tried again a few times, as a citizen would reload the page.
const ATTEMPTS_ON_500_MAX: u32 = 5;

/// One request, reusable for a repetition.
#[derive(Clone, Debug)]
pub(super) struct Request {
    method: Method,
    url: String,
    bearer: Option<String>,
    key: Option<String>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(super) fn new(method: Method, url: String) -> Self {
        Self { method, url, bearer: None, key: None, body: None }
    }

    pub(super) fn get(url: String) -> Self {
        Self::new(Method::GET, url)
    }

    pub(super) fn post(url: String) -> Self {
        Self::new(Method::POST, url)
    }

    pub(super) fn bearer(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    pub(super) fn key(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    pub(super) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self
    }

    /// For notes: tokens and bodies stay out of them.
    pub(super) fn describe(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

/// One reply, its body read to the end.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// From the header `Retry-After`.
    retry_after_s: Option<f64>,
    /// How often the request was sent for it.
    pub attempts: u32,
}

impl Reply {
    pub(super) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, if it is what we expect.
    pub(super) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("unreadable reply with status {}", self.status))
    }

    /// The problem, or an empty one if the body is none.
    pub(super) fn problem(&self) -> Problem {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn worth_another_try(&self) -> bool {
        match self.status {
            429 | 503 => true,
            500.. => self.attempts < ATTEMPTS_ON_500_MAX,
            _ => false,
        }
    }
}

/// Counts and times every reply.
#[derive(Debug)]
pub(super) struct Meter {
    pub requests: AtomicU64,
    pub errors_5xx: AtomicU64,
    pub errors_503: AtomicU64,
    pub errors_transport: AtomicU64,
    latency_us: Mutex<Histogram<u64>>,
}

impl Meter {
    fn new() -> anyhow::Result<Self> {
        // Three digits up to a minute: no reply takes longer than the time-out.
        let latency_us = Histogram::new_with_bounds(1, 60_000_000, 3)?;
        Ok(Self {
            requests: AtomicU64::new(0),
            errors_5xx: AtomicU64::new(0),
            errors_503: AtomicU64::new(0),
            errors_transport: AtomicU64::new(0),
            latency_us: Mutex::new(latency_us),
        })
    }

    fn replied(&self, status: u16, took: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if status >= 500 {
            self.errors_5xx.fetch_add(1, Ordering::Relaxed);
        }
        if status == 503 {
            self.errors_503.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }

    /// Latency at a quantile in milliseconds.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        let latency_us = self.latency_us.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_micros(latency_us.value_at_quantile(quantile)).as_secs_f64() * 1e3
    }
}

/// The shared browser. Clones share connections, limit and meter.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    client: reqwest::Client,
    permits: Arc<Semaphore>,
    pub meter: Arc<Meter>,
    ledger: Arc<Ledger>,
    course: watch::Receiver<Course>,
    attempts_max: u32,
}

impl Browser {
    pub(super) fn new(
        connections_max: usize,
        ledger: Arc<Ledger>,
        course: watch::Receiver<Course>,
    ) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .http1_only()
            .no_proxy()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(connections_max)
            .timeout(TIMEOUT)
            .build()
            .context("failed to set up the HTTP client")?;
        Ok(Self {
            client,
            permits: Arc::new(Semaphore::new(connections_max)),
            meter: Arc::new(Meter::new()?),
            ledger,
            course,
            attempts_max: u32::MAX,
        })
    }

    /// The same browser for the audit: it goes on after the rush was stopped, but gives up on a dead server. It
    /// reads a few at a time, as nobody is in a hurry any more.
    pub(super) fn for_the_audit(&self) -> Self {
        let (_, running) = watch::channel(Course::Running);
        let permits = Arc::new(Semaphore::new(AUDIT_CONNECTIONS));
        Self { course: running, permits, attempts_max: 10, ..self.clone() }
    }

    /// Sends until there is an answer. `None` once the rush is stopped or the attempts are used up.
    pub(super) async fn send(&self, request: &Request) -> Option<Reply> {
        for attempt in 1..=self.attempts_max {
            let wait_s = match self.send_once(request).await {
                Ok(mut reply) => {
                    reply.attempts = attempt;
                    if !reply.worth_another_try() {
                        return Some(reply);
                    }
                    let status = reply.status;
                    if status >= 500 {
                        self.ledger.note(|| format!("{} replied {status}", request.describe()));
                    }
                    let asked_s = reply.retry_after_s.or(reply.problem().retry_after_s);
                    asked_s.unwrap_or(0.5)
                }
                Err(error) => {
                    self.meter.errors_transport.fetch_add(1, Ordering::Relaxed);
                    self.ledger.note(|| format!("{}: {error:#}", request.describe()));
                    f64::from(attempt.min(8)) * 0.25
                }
            };
            if !self.wait(wait_s).await {
                return None;
            }
        }
        None
    }

    async fn send_once(&self, request: &Request) -> anyhow::Result<Reply> {
        let mut builder = self.client.request(request.method.clone(), &request.url);
        if let Some(token) = &request.bearer {
            builder = builder.bearer_auth(token);
        }
        if let Some(key) = &request.key {
            builder = builder.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            builder = builder.header(header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let permit = self.permits.acquire().await?;
        // The wait for one of our own few connections is not the server's latency.
        let started = clock::now();
        let response = builder.send().await?;
        let status = response.status().as_u16();
        let retry_after_s = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.bytes().await?.to_vec();
        self.meter.replied(status, started.elapsed());
        drop(permit);
        Ok(Reply { status, body, retry_after_s, attempts: 1 })
    }

    /// Waits with some jitter; `false` if the rush is stopped meanwhile.
    async fn wait(&self, seconds: f64) -> bool {
        // The running count spreads those who were refused together.
        let count = self.meter.requests.load(Ordering::Relaxed) % 64;
        let jitter = f64::from(u32::try_from(count).unwrap_or(0)) / 128.0;
        let wait = Duration::from_secs_f64((seconds * (1.0 + jitter)).clamp(0.0, 300.0));
        let mut course = self.course.clone();
        tokio::select! {
            () = clock::pause(wait) => true,
            Ok(_) = course.wait_for(|course| *course == Course::Stopped) => false,
        }
    }
}
