//! The public keys of the passes, read again and again, so that keys rotate without a restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use pass::KeySet;
use tokio::time::MissedTickBehavior;

/// How often a first key set is asked for: nobody can book without one.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);

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

/// Replaces `keys` by what the source has, over and over. A source that fails keeps the last keys.
pub async fn keep_refreshing(source: JwksSource, keys: Arc<ArcSwap<KeySet>>, every: Duration) {
    let mut first = tokio::time::interval(FIRST_RETRY);
    first.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while keys.load().is_empty() {
        first.tick().await;
        refresh(&source, &keys).await;
    }
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        refresh(&source, &keys).await;
    }
}

async fn refresh(source: &JwksSource, keys: &ArcSwap<KeySet>) {
    match source.read().await {
        Ok(read) if read.is_empty() => {
            tracing::warn!("the published key set is empty; the last one stays in force");
        }
        Ok(read) => keys.store(Arc::new(read)),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the public keys could not be read");
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;
    use pass::SigningKey;

    use super::*;

    #[tokio::test]
    async fn a_broken_source_keeps_the_last_keys() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("jwks.json");
        let source = JwksSource::new(path.to_str().expect("path")).expect("a file");
        let keys = ArcSwap::from_pointee(KeySet::default());
        refresh(&source, &keys).await;
        assert!(keys.load().is_empty());
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let jwks = KeySet::new([key.public_key().clone()]).expect("one key").to_jwks();
        for (text, len) in [(jwks.as_str(), 1), ("{\"keys\":[]}", 1), ("nonsense", 1)] {
            std::fs::write(&path, text).expect("written");
            refresh(&source, &keys).await;
            assert_eq!(keys.load().len(), len, "{text}");
        }
    }
}
