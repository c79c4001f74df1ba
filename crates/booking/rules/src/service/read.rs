//! Reads from the store.
//!
//! Each runs in a task of its own, as the batches do, and only so many at a time.

use std::sync::Arc;

use super::{Bookings, Failure, background};
use crate::store::StoreError;

impl Bookings {
    /// Whether the service can answer: its store is ready and has been looked at. It is not one of
    /// the reads, which may be refused because too many read: whoever is overrun is not unready.
    pub async fn ready(&self) -> Result<(), Failure> {
        let ready = self.store.ready().await;
        ready.map_err(|error| background::failed("ask the store whether it is ready", &error))?;
        if self.view().generation == 0 { Err(Failure::Unavailable) } else { Ok(()) }
    }

    /// Reads in a task of its own, as long as not too many do.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, Failure> {
        let permit =
            Arc::clone(&self.reads).try_acquire_owned().map_err(|_| Failure::Overloaded)?;
        let task = tokio::spawn(async move {
            let answer = read.await;
            drop(permit);
            answer
        });
        task.await.map_err(|_| Failure::Broken)?.map_err(|error| background::failed("read", &error))
    }
}
