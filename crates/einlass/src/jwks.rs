//! The public keys of the passes, read again and again, so that keys rotate without a restart.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use pass::KeySet;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

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
    },
}

impl JwksSource {
    /// The source that `place` means: `http://…`, `https://…`, or else a file.
    pub fn new(place: &str) -> anyhow::Result<Self> {
        if !place.starts_with("http://") && !place.starts_with("https://") {
            return Ok(Self::File(place.into()));
        }
        let url = place.parse().with_context(|| format!("{place} is not a url"))?;
        let client = reqwest::Client::builder().timeout(FETCH_TIME_MAX).build()?;
        Ok(Self::Url { client, url })
    }

    async fn read(&self) -> anyhow::Result<KeySet> {
        let text = match self {
            Self::File(path) => tokio::fs::read_to_string(path).await?,
            Self::Url { client, url } => {
                client.get(url.clone()).send().await?.error_for_status()?.text().await?
            }
        };
        Ok(KeySet::from_jwks(&text)?)
    }
}

/// The keys as last published, kept fresh.
pub struct PublishedKeys {
    source: JwksSource,
    keys: Arc<ArcSwap<KeySet>>,
    asked: Mutex<Asked>,
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

impl PublishedKeys {
    /// No key yet; they are read by [`Self::keep_refreshing`].
    #[must_use]
    pub fn new(source: JwksSource) -> Arc<Self> {
        Arc::new(Self { source, keys: Arc::default(), asked: Mutex::default() })
    }

    /// The keys in force, replaced whenever they are read.
    #[must_use]
    pub fn keys(&self) -> Arc<ArcSwap<KeySet>> {
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
        match self.source.read().await {
            Ok(read) if read.is_empty() => {
                tracing::warn!("the published key set is empty; the last one stays in force");
            }
            Ok(read) => self.keys.store(Arc::new(read)),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the public keys could not be read");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;
    use pass::SigningKey;

    use super::*;

    fn jwks(seeds: &[u64]) -> String {
        let keys = seeds.iter().map(|seed| SigningKey::generate(&SeededEntropy::new(*seed)));
        let keys = keys.map(|key| key.public_key().clone());
        KeySet::new(keys).expect("keys").to_jwks()
    }

    fn published(folder: &tempfile::TempDir) -> (PathBuf, Arc<PublishedKeys>) {
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
