//! Public keys that others publish, read again and again, so that keys rotate without a restart.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use pass::KeySet;
use serde::Deserialize;
use staff::StaffKeys;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use web::trace::Tracing;

use crate::config::without_passwords;
use crate::traces::traced;

/// How often a first key set is asked for: nobody can book without one.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// Anybody can make up key ids: they make the keys be read at most this often.
const ASKED_EVERY_MIN: Duration = Duration::from_secs(2);
/// How long a request waits for the keys to be read again.
const ASKED_WAIT_MAX: Duration = Duration::from_secs(2);

/// Where the key set (RFC 7517) is.
pub enum JwksSource {
    /// A file.
    File(PathBuf),
    /// A URL.
    Url {
        /// The client that fetches it.
        client: reqwest::Client,
        /// Where it is.
        url: reqwest::Url,
        /// Records that it is fetched.
        tracing: Option<Tracing>,
    },
    /// An `OpenID` Connect provider, which says itself where it is (`OpenID` Connect Discovery 1.0, section 4).
    Provider {
        /// The client that fetches it.
        client: reqwest::Client,
        /// The provider's name, which is a URL.
        issuer: String,
    },
}

/// What is read of a provider's description of itself.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

/// A set of public keys, as a document has it.
pub trait Keys: Default + Send + Sync + 'static {
    /// Reads the document.
    fn read(document: &str) -> anyhow::Result<Self>;
    /// Whether there is no key in it.
    fn is_empty(&self) -> bool;
}

impl Keys for KeySet {
    fn read(document: &str) -> anyhow::Result<Self> {
        Ok(Self::from_jwks(document)?)
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl Keys for StaffKeys {
    fn read(document: &str) -> anyhow::Result<Self> {
        Ok(Self::from_jwks(document)?)
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl JwksSource {
    /// The source that `place` means: `http://…`, `https://…`, or else a file.
    pub fn new(place: &str) -> anyhow::Result<Self> {
        if !place.starts_with("http://") && !place.starts_with("https://") {
            return Ok(Self::File(place.into()));
        }
        let url = place.parse().with_context(|| format!("{place} is not a url"))?;
        Ok(Self::Url { client: client()?, url, tracing: None })
    }

    /// The same, and every reading of a URL is a trace.
    #[must_use]
    pub fn traced(self, tracing: Option<Tracing>) -> Self {
        match self {
            Self::Url { client, url, .. } => Self::Url { client, url, tracing },
            Self::File(_) | Self::Provider { .. } => self,
        }
    }

    /// The provider of this name.
    pub fn provider(issuer: &str) -> anyhow::Result<Self> {
        Ok(Self::Provider { client: client()?, issuer: issuer.to_owned() })
    }

    async fn read<K: Keys>(&self) -> anyhow::Result<K> {
        K::read(&match self {
            Self::File(path) => tokio::fs::read_to_string(path).await?,
            Self::Url { client, url, tracing } => {
                let request = client.get(url.clone());
                let answer = traced(tracing.as_ref(), "read public keys", request).await?;
                answer.error_for_status()?.text().await?
            }
            Self::Provider { client, issuer } => {
                let place =
                    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
                let found = fetch(client, place.parse()?).await?;
                let found: Discovered = serde_json::from_str(&found)
                    .with_context(|| format!("{place} is not the description of a provider"))?;
                anyhow::ensure!(
                    found.issuer == *issuer,
                    "{place} calls itself {}: write `staff.issuer` as it does",
                    found.issuer
                );
                fetch(client, found.jwks_uri.parse()?).await?
            }
        })
    }
}

fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().timeout(FETCH_TIME_MAX).build()?)
}

async fn fetch(client: &reqwest::Client, url: reqwest::Url) -> anyhow::Result<String> {
    Ok(client.get(url).send().await?.error_for_status()?.text().await?)
}

/// The keys as last published, kept fresh.
pub struct PublishedKeys<K> {
    source: JwksSource,
    keys: Arc<ArcSwap<K>>,
    asked: Mutex<Asked>,
    /// Why the last reading failed, so that it is said once.
    failure: Mutex<Option<String>>,
}

/// The readings that requests have asked for.
#[derive(Default)]
struct Asked {
    /// When the last one was begun.
    begun_at: Option<Instant>,
    /// Turns true when the one that all are waiting for has ended.
    ends: Option<watch::Receiver<bool>>,
}

impl Asked {
    /// When the next reading may begin.
    fn next_at(&self, now: Instant) -> Instant {
        self.begun_at.map_or(now, |last| now.max(last + ASKED_EVERY_MIN))
    }
}

impl<K: Keys> PublishedKeys<K> {
    /// No key yet; they are read by [`Self::keep_refreshing`].
    #[must_use]
    pub fn new(source: JwksSource) -> Arc<Self> {
        Arc::new(Self {
            source,
            keys: Arc::default(),
            asked: Mutex::default(),
            failure: Mutex::default(),
        })
    }

    /// The keys in force, replaced whenever they are read.
    #[must_use]
    pub fn keys(&self) -> Arc<ArcSwap<K>> {
        Arc::clone(&self.keys)
    }

    /// Reads the keys over and over. A source that fails keeps the last keys.
    pub async fn keep_refreshing(self: Arc<Self>, every: Duration) {
        let mut first = tokio::time::interval(FIRST_RETRY);
        first.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.keys.load().is_empty() {
            first.tick().await;
            self.refresh().await;
        }
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.refresh().await;
        }
    }

    /// Ends when the keys have been read again, or after two seconds. However many ask, the keys are
    /// read at most once in two seconds for all of them.
    pub fn refreshed(self: &Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut ends = self.ask();
        Box::pin(async move {
            // Too late or never: the request goes on with the keys there are.
            let _ended =
                tokio::time::timeout(ASKED_WAIT_MAX, ends.wait_for(|has_ended| *has_ended)).await;
        })
    }

    /// The end of the next reading, which is begun if none is awaited yet.
    fn ask(self: &Arc<Self>) -> watch::Receiver<bool> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ends) = &asked.ends {
            return ends.clone();
        }
        let begins_at = asked.next_at(Instant::now());
        let (ended, ends) = watch::channel(false);
        *asked = Asked { begun_at: Some(begins_at), ends: Some(ends.clone()) };
        let keys = Arc::clone(self);
        // In a task of its own: whoever asked first may give up, and the others still wait for it.
        tokio::spawn(async move {
            tokio::time::interval_at(begins_at, ASKED_EVERY_MIN).tick().await;
            keys.refresh().await;
            keys.asked.lock().unwrap_or_else(PoisonError::into_inner).ends = None;
            ended.send_replace(true);
        });
        ends
    }

    async fn refresh(&self) {
        let failure = match self.source.read::<K>().await {
            Ok(read) if read.is_empty() => Some("there is no key in it".to_owned()),
            Ok(read) => {
                self.keys.store(Arc::new(read));
                None
            }
            Err(error) => Some(format!("{error:#}")),
        };
        let source = &self.source;
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure != *last {
            if let Some(why) = &failure {
                tracing::warn!(%source, why, "the public keys cannot be read; the last ones stay in force");
            } else {
                tracing::info!(%source, "the public keys can be read again");
            }
            *last = failure;
        }
    }
}

impl std::fmt::Display for JwksSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url { url, .. } => f.write_str(&without_passwords(url.as_str())),
            Self::Provider { issuer, .. } => f.write_str(&without_passwords(issuer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;
    use pass::SigningKey;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::keys::NewStaffKeys;

    fn jwks(seeds: &[u64]) -> String {
        let keys = seeds.iter().map(|seed| SigningKey::generate(&SeededEntropy::new(*seed)));
        let keys = keys.map(|key| key.public_key().clone());
        KeySet::new(keys).expect("keys").to_jwks()
    }

    fn published(folder: &tempfile::TempDir) -> (PathBuf, Arc<PublishedKeys<KeySet>>) {
        let path = folder.path().join("jwks.json");
        let source = JwksSource::new(path.to_str().expect("path")).expect("a file");
        (path, PublishedKeys::new(source))
    }

    #[tokio::test]
    async fn a_broken_source_keeps_the_last_keys() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, published) = published(&folder);
        published.refresh().await;
        assert!(published.keys.load().is_empty());
        for (text, len) in [(jwks(&[1]).as_str(), 1), ("{\"keys\":[]}", 1), ("nonsense", 1)] {
            std::fs::write(&path, text).expect("written");
            published.refresh().await;
            assert_eq!(published.keys.load().len(), len, "{text}");
        }
    }

    #[tokio::test]
    async fn a_provider_says_itself_where_its_keys_are() {
        let keys = NewStaffKeys::generate(&SeededEntropy::new(1)).jwks();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let issuer = format!("http://{}/realms/town", listener.local_addr().expect("an address"));
        let described = format!(r#"{{"issuer": "{issuer}", "jwks_uri": "{issuer}/certs"}}"#);
        let answers = tokio::spawn(async move {
            let mut asked = Vec::new();
            for body in [described.clone(), keys, described] {
                asked.push(answer(&listener, &body).await);
            }
            asked
        });
        let source = JwksSource::provider(&issuer).expect("a provider");
        assert!(!source.read::<StaffKeys>().await.expect("its keys").is_empty());
        let source = JwksSource::provider(&format!("{issuer}/")).expect("a provider");
        let refused = source.read::<StaffKeys>().await.expect_err("another name").to_string();
        assert!(refused.contains(&format!("calls itself {issuer}")), "{refused}");
        let asked = answers.await.expect("answered");
        let described = "GET /realms/town/.well-known/openid-configuration";
        assert_eq!(asked, [described, "GET /realms/town/certs", described]);
    }

    /// Answers one request with this body; returns its method and path.
    async fn answer(listener: &tokio::net::TcpListener, body: &str) -> String {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = vec![0; 4096];
        let len = stream.read(&mut request).await.expect("a request");
        let request = String::from_utf8_lossy(&request[..len]).into_owned();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("answered");
        request.split(" HTTP").next().unwrap_or_default().to_owned()
    }

    /// A key that was just published is known to the request that brought it, and all who ask
    /// meanwhile share one reading.
    #[tokio::test]
    async fn whoever_asks_gets_the_keys_as_they_are_now() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, published) = published(&folder);
        std::fs::write(&path, jwks(&[1])).expect("written");
        published.refresh().await;
        std::fs::write(&path, jwks(&[1, 2])).expect("written");
        let waiting: Vec<_> = (0..100).map(|_| published.refreshed()).collect();
        for asked in waiting {
            asked.await;
            assert_eq!(published.keys.load().len(), 2);
        }
    }

    #[test]
    fn made_up_key_ids_do_not_flood_the_source() {
        let now = Instant::now();
        let begun = |last: Option<u64>| {
            let begun_at = last.map(|seconds| now + Duration::from_secs(seconds));
            Asked { begun_at, ends: None }.next_at(now + Duration::from_secs(10)) - now
        };
        assert_eq!(begun(None), Duration::from_secs(10), "the first one at once");
        assert_eq!(begun(Some(1)), Duration::from_secs(10), "as after a long time");
        assert_eq!(begun(Some(9)), Duration::from_secs(11));
        assert_eq!(begun(Some(11)), Duration::from_secs(13));
    }
}
