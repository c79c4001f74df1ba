//! Hands one message to one endpoint.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

use crate::lookup::{Judging, NoAddress};
use crate::{Endpoint, Lookup, Networks, Secrets};

/// So much of an answer is read, so that the connection can be used again; no more.
const ANSWER_MAX: usize = 16 * 1024;
const IDLE_MAX: Duration = Duration::from_secs(30);

/// How long an endpoint may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From looking up its name until the connection stands.
    pub connect_max: Duration,
    /// From the beginning until its answer is there.
    pub total_max: Duration,
}

impl Default for Limits {
    /// Five seconds, and the fifteen that Standard Webhooks proposes.
    fn default() -> Self {
        Self { connect_max: Duration::from_secs(5), total_max: Duration::from_secs(15) }
    }
}

/// What is sent: the same however often it is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// By which a receiver knows a repetition.
    pub id: String,
    /// A JSON document.
    pub body: String,
}

/// What came of sending a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The endpoint has it.
    Taken,
    /// There is no such endpoint any more, and it wants nothing further (410).
    Gone,
    /// It was not taken, or nobody can tell.
    NotTaken(Refused),
}

/// A message that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// For how long the endpoint wants to be left alone.
    pub retry_after: Option<Duration>,
    /// What exactly went wrong, for the eyes of the operator; `None` if the reason says it all. It may name the host.
    pub detail: Option<String>,
}

/// Why a message was not taken. Nothing of what the endpoint has said: that may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It answered with a status other than 2xx.
    Status(u16),
    /// It wanted the message to go elsewhere. No such wish is followed.
    Redirected(u16),
    /// It did not answer in time.
    Silent,
    /// Its name is not known.
    Unknown,
    /// It lies where nothing is sent to: see [`crate::address`].
    AddressRefused,
    /// There is no connection to it, or none that is safe.
    Unreachable,
    /// The connection broke.
    Broken,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Redirected(status) => write!(f, "redirected {status}"),
            Self::Silent => f.write_str("silent"),
            Self::Unknown => f.write_str("unknown_host"),
            Self::AddressRefused => f.write_str("address_refused"),
            Self::Unreachable => f.write_str("unreachable"),
            Self::Broken => f.write_str("broken"),
        }
    }
}

/// Sends messages to one endpoint.
pub struct Sender {
    client: Client,
    url: Url,
    secrets: Secrets,
    networks: Networks,
}

impl Sender {
    /// A sender to this endpoint.
    pub fn new(
        endpoint: &Endpoint,
        limits: Limits,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, reqwest::Error> {
        let networks = endpoint.networks.clone();
        let client = Client::builder()
            .user_agent(concat!("einlass/", env!("CARGO_PKG_VERSION")))
            .https_only(!endpoint.allow_http)
            .redirect(Policy::none())
            .referer(false)
            // A proxy would connect to whatever it takes the name for.
            .no_proxy()
            .dns_resolver(Arc::new(Judging { lookup, networks: networks.clone() }))
            .connect_timeout(limits.connect_max)
            .timeout(limits.total_max)
            .pool_idle_timeout(IDLE_MAX)
            .build()?;
        let (url, secrets) = (endpoint.url.clone(), endpoint.secrets.clone());
        Ok(Self { client, url, secrets, networks })
    }

    /// Sends a message once; `now` is when, for the receiver to judge how old it is.
    pub async fn send(&self, message: &Message, now: Timestamp) -> Answer {
        // Nobody looks up an address that stands in the URL itself.
        if literal(&self.url).is_some_and(|address| !self.networks.admit(address)) {
            return refused(Reason::AddressRefused, None);
        }
        let signature = self.secrets.sign(&message.id, now, &message.body);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", now.unix_s())
            .header("webhook-signature", signature)
            .body(message.body.clone());
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => {
                let reason = reason(&error);
                refused(reason, Some(in_words(&error.without_url())))
            }
        }
    }
}

fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn refused(reason: Reason, detail: Option<String>) -> Answer {
    Answer::NotTaken(Refused { reason, retry_after: None, detail })
}

/// The status decides; what else there is of the answer is of no interest.
async fn read(mut response: Response) -> Answer {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let mut length = 0;
    while length < ANSWER_MAX
        && let Ok(Some(chunk)) = response.chunk().await
    {
        length += chunk.len();
    }
    if status.is_success() {
        return Answer::Taken;
    }
    if status == StatusCode::GONE {
        return Answer::Gone;
    }
    let is_redirection = status.is_redirection();
    let status = status.as_u16();
    let reason = if is_redirection { Reason::Redirected(status) } else { Reason::Status(status) };
    Answer::NotTaken(Refused { reason, retry_after, detail: None })
}

fn reason(error: &reqwest::Error) -> Reason {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    match causes.into_iter().find_map(|cause| cause.downcast_ref::<NoAddress>()) {
        Some(NoAddress::Unknown) => Reason::Unknown,
        Some(NoAddress::Refused) => Reason::AddressRefused,
        None if error.is_timeout() => Reason::Silent,
        None if error.is_connect() => Reason::Unreachable,
        None => Reason::Broken,
    }
}

fn in_words(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}
