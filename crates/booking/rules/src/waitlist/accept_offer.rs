//! Accepting an offer.

use std::sync::Arc;

use kernel::CampaignId;

use super::waiting::NoSuchEntry;
use super::{EntryHead, EntryState, OfferId, OfferState, WaitlistEntryId};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::booking::{Booked, BookingId, PaidBy, Registration, TokenHash};
use crate::campaign::OpenSlot;
use crate::eligibility::Unmet;
use crate::event::{Actor, What};

/// Turns an offer into a booking. The first to accept get the places; for who comes too late in that
/// sense nothing changes, and they go on waiting where they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptOffer {
    /// The campaign of the entry.
    pub campaign: CampaignId,
    /// The entry.
    pub entry: WaitlistEntryId,
    /// The hash of the token presented.
    pub token_hash: TokenHash,
    /// The offer.
    pub offer: OfferId,
    /// The booking to be, for the person of the entry.
    pub registration: Arc<Registration>,
    /// At most once.
    pub idempotency: Idempotency,
}

/// What came of accepting an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptOutcome {
    /// The person has the place.
    Booked(Booked),
    /// There is no such entry.
    EntryNotFound,
    /// The token is not that of the entry.
    TokenInvalid,
    /// The person has a place by another request or another way.
    AlreadyBooked {
        /// The booking.
        booking: BookingId,
    },
    /// The person has left the waitlist.
    EntryLeft,
    /// The entry has no such offer.
    OfferNotFound,
    /// The deadline has passed.
    OfferExpired,
    /// The offer was declined or withdrawn, or its slot takes nobody any more.
    OfferEnded,
    /// Others were faster; the person goes on waiting and has lost nothing.
    PlaceGone,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality any more, or not for people of this
    /// age.
    NotEligible,
    /// The idempotency key belongs to another request.
    KeyReused,
}

impl Asks for AcceptOffer {
    type Outcome = AcceptOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        Some(&self.idempotency)
    }

    fn actor(&self) -> Actor {
        Actor::Entry(self.entry)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.entries.push(self.entry);
        footprint.offers.push(self.offer);
    }

    fn carry_out(&self, decision: &mut Decision) -> AcceptOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Booked(booked)) => {
                return AcceptOutcome::Booked(decision.with_where_it_is(booked));
            }
            Earlier::Same(_) | Earlier::Other => return AcceptOutcome::KeyReused,
        }
        let entry = match decision.managed_entry(&self.campaign, self.entry, self.token_hash) {
            Ok(entry) => entry.clone(),
            Err(NoSuchEntry::NotFound) => return AcceptOutcome::EntryNotFound,
            Err(NoSuchEntry::TokenInvalid) => return AcceptOutcome::TokenInvalid,
        };
        match entry.state {
            EntryState::Waiting => {}
            EntryState::Booked { booking, .. } => return AcceptOutcome::AlreadyBooked { booking },
            EntryState::Left { .. } => return AcceptOutcome::EntryLeft,
        }
        let open = match self.open_offer(decision, &entry) {
            Ok(open) => open,
            Err(refused) => return refused,
        };
        let counters = decision.state.slots.get(&open.key).copied().unwrap_or_default();
        if counters.reserved > 0 {
            // What was kept for whoever accepts first is taken.
            decision.keep_at_most(&open.key, counters.reserved - 1);
        } else if open.places_left == 0 {
            return AcceptOutcome::PlaceGone;
        }
        let places_left = decision.places_free_in(&open.campaign, &open.key);
        let open = OpenSlot { places_left, ..open };
        decision.take_places(&open, 1);
        AcceptOutcome::Booked(self.book(decision, &entry, &open))
    }
}

impl AcceptOffer {
    /// The slot of the offer, if it can be accepted.
    fn open_offer(
        &self,
        decision: &Decision,
        entry: &EntryHead,
    ) -> Result<OpenSlot, AcceptOutcome> {
        let offer = decision.state.offers.get(&self.offer);
        let offer = offer.filter(|offer| offer.entry == self.entry);
        let offer = offer.ok_or(AcceptOutcome::OfferNotFound)?;
        match offer.state {
            OfferState::Open => {}
            OfferState::Expired { .. } => return Err(AcceptOutcome::OfferExpired),
            OfferState::Accepted { .. }
            | OfferState::Declined { .. }
            | OfferState::Withdrawn { .. } => return Err(AcceptOutcome::OfferEnded),
        }
        let slot = decision.slot_with_places(&self.campaign, &offer.slot);
        let open = slot.ok_or(AcceptOutcome::OfferEnded)?;
        if open.campaign.is_closed(decision.now) {
            return Err(AcceptOutcome::CampaignClosed);
        }
        if offer.is_overdue(decision.now) {
            return Err(AcceptOutcome::OfferExpired);
        }
        // What was declared on joining was declared: nothing can be added here.
        let unmet = self.registration.unmet(&open.campaign);
        if !open.campaign.is_eligible(entry.ags) || matches!(unmet, Some(Unmet::Rule(_))) {
            return Err(AcceptOutcome::NotEligible);
        }
        let is_offered = open.campaign.waitlist.is_some();
        if !is_offered || !open.campaign.takes_people(open.slot(), decision.now) {
            return Err(AcceptOutcome::OfferEnded);
        }
        Ok(open)
    }

    /// The entry becomes a booking of the same pass and seat.
    fn book(&self, decision: &mut Decision, entry: &EntryHead, open: &OpenSlot) -> Booked {
        let (at, booking) = (decision.now, self.registration.booking);
        decision.end_offer(self.offer, OfferState::Accepted { at });
        decision.end_entry(self.entry, EntryState::Booked { booking, at });
        let (offer, entry_id, slot) = (self.offer, self.entry, open.key.slot.clone());
        let accepted = What::OfferAccepted { offer, entry: entry_id, booking, slot };
        decision.tell(&self.campaign, accepted);
        // A store may keep what the pass allows with the booking.
        decision.touched.passes.insert(entry.pass_id);
        let paid = PaidBy {
            campaign: self.campaign.clone(),
            pass_id: entry.pass_id,
            seat_no: entry.seat_no,
            ags: entry.ags,
        };
        let booked = decision.write_down(paid, open.slot(), &self.registration, None);
        let effect = Recorded::Booked(booked.clone());
        decision.record(&self.idempotency, &self.campaign, effect);
        booked
    }
}
