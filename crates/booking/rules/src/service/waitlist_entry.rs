//! Looking at one's own entry of a waitlist.

use std::sync::Arc;

use super::{Bookings, Failure};
use crate::booking::TokenHash;
use crate::waitlist::{EntryStanding, WaitlistEntryId};

/// An entry as the holder of its token sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryLookup {
    /// There it is.
    Found(Box<EntryStanding>),
    /// There is no such entry.
    EntryNotFound,
    /// The token is not that of the entry.
    TokenInvalid,
}

impl Bookings {
    /// The entry, for who has its token.
    pub async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
        token: &str,
    ) -> Result<EntryLookup, Failure> {
        let store = Arc::clone(&self.store);
        let standing = self.read(async move { store.waitlist_entry(id).await }).await?;
        Ok(match standing {
            None => EntryLookup::EntryNotFound,
            // Both are hashes: how long the comparison takes tells nothing of the token.
            Some(standing) if standing.entry.token_hash == TokenHash::of(token) => {
                EntryLookup::Found(Box::new(standing))
            }
            Some(_) => EntryLookup::TokenInvalid,
        })
    }
}
