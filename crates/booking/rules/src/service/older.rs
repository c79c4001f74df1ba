//! Bringing the bookings of an earlier release up to date, a page at a time.

use std::sync::Arc;

use kernel::CampaignId;

use super::{Bookings, background};
use crate::booking::BookingId;
use crate::person::Person;
use crate::store::KeyOf;

/// Looks between the end of one walk and the next: instances of the earlier release may still write
/// while they are replaced.
const WALK_EVERY_TICKS: u64 = 120;
/// Bookings of one page, which is one transaction.
const PAGE: u32 = 500;

/// Where the walk over the older bookings stands.
#[derive(Debug, Default)]
pub(super) struct OlderBookings {
    after: Option<BookingId>,
    due_at_tick: u64,
}

impl OlderBookings {
    /// Takes one page, if a walk is under way or due. If it fails, the next walk tries again.
    pub(super) async fn step(&mut self, bookings: &Arc<Bookings>, tick: u64) {
        if tick < self.due_at_tick {
            return;
        }
        let service = Arc::clone(bookings);
        let key_of: KeyOf = Arc::new(move |campaign: &CampaignId, person: &Person| {
            service.secrets.person_key(campaign, person)
        });
        let page = bookings.store.update_older_bookings(self.after, key_of, PAGE).await;
        self.after = page.unwrap_or_else(|error| {
            background::failed("bring older bookings up to date", &error);
            None
        });
        if self.after.is_none() {
            self.due_at_tick = tick.saturating_add(WALK_EVERY_TICKS);
        }
    }
}
