//! From the name of a host to the addresses that may be connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Networks;

/// Who knows the addresses of a host.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of this host now.
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Why there is no address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAddress {
    #[error("the host has no address")]
    Unknown,
    #[error("the host has no address but such as nothing is sent to")]
    Refused,
}

/// Looks up a name and judges what it finds. What it gives is what is connected to, so a name that means something else a
/// moment later leads nobody astray.
pub(crate) struct Judging {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) networks: Networks,
}

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, networks) = (Arc::clone(&self.lookup), self.networks.clone());
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await.map_err(|_| NoAddress::Unknown)?;
            if found.is_empty() {
                return Err(NoAddress::Unknown.into());
            }
            let admitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| networks.admit(*address))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if admitted.is_empty() {
                return Err(NoAddress::Refused.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}
