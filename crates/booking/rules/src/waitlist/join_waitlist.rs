//! Joining a waitlist.

use std::sync::Arc;

use kernel::{CampaignId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EntryState, WaitlistEntry, WaitlistEntryId};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::booking::TokenHash;
use crate::campaign::NoEntry;
use crate::eligibility::Unmet;
use crate::event::{Actor, What};
use crate::pass::{BindingCheck, PassGrant};
use crate::person::{Person, PersonKey};

/// Puts a person on the waitlist. It takes a seat of the pass as a booking does, and the seat comes back
/// when the person leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinWaitlist {
    /// The pass that pays for it.
    pub pass: PassGrant,
    /// Who.
    pub joining: Arc<Joining>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// One person who is to wait, with everything the entry will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The id of the entry to be.
    pub entry: WaitlistEntryId,
    /// Who.
    pub person: Person,
    /// The blind index of the person within the campaign.
    pub person_key: PersonKey,
    /// The blind index under which the person may have booked before the update to version 2.
    pub former_person_key: PersonKey,
    /// The hash of the token that will manage the entry.
    pub token_hash: TokenHash,
}

/// What came of joining a waitlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinOutcome {
    /// The person waits.
    Joined(Joined),
    /// There is no such campaign.
    CampaignNotFound,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality.
    NotEligible,
    /// The campaign is not for this person.
    Unmet(Unmet),
    /// The pass has expired.
    PassExpired,
    /// The pass was given back.
    PassEnded,
    /// Nobody can join now: there is no waitlist, it opens later, it takes nobody any more, or there are
    /// places to book.
    NotOpen {
        /// When it opens, if that is a time to come.
        opens_at: Option<Timestamp>,
    },
    /// All seats of the pass are used.
    PassExhausted,
    /// As many wait as may.
    WaitlistFull,
    /// The pass is bound to somebody else, who has to be booked first.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked,
    /// The person waits already.
    AlreadyWaiting,
    /// The pass has made too many guesses at who is booked.
    RefusedTooOften,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a new entry, without the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The entry.
    pub entry: WaitlistEntryId,
    /// Its number in the campaign.
    pub number: u64,
    /// When the person joined.
    pub joined_at: Timestamp,
    /// Whether every seat of the pass has its person now.
    #[serde(default)]
    pub pass_used_up: bool,
}

impl Joining {
    fn person_keys(&self) -> [PersonKey; 2] {
        [self.person_key, self.former_person_key]
    }
}

impl Asks for JoinWaitlist {
    type Outcome = JoinOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.pass.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        Some(&self.idempotency)
    }

    fn actor(&self) -> Actor {
        Actor::Pass(self.pass.pass_id)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.whole_campaigns.push(self.pass.campaign.clone());
        footprint.passes.push(self.pass.pass_id);
        let keys = self.joining.person_keys();
        footprint.person_keys.extend(keys.map(|key| (self.pass.campaign.clone(), key)));
    }

    fn carry_out(&self, decision: &mut Decision) -> JoinOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Joined(joined)) => return JoinOutcome::Joined(joined),
            Earlier::Same(_) | Earlier::Other => return JoinOutcome::KeyReused,
        }
        let campaign = match decision.open_campaign(&self.pass) {
            Ok(campaign) => campaign,
            Err(NoEntry::CampaignNotFound | NoEntry::SlotNotFound) => {
                return JoinOutcome::CampaignNotFound;
            }
            Err(NoEntry::CampaignClosed) => return JoinOutcome::CampaignClosed,
            Err(NoEntry::NotEligible) => return JoinOutcome::NotEligible,
            Err(NoEntry::PassExpired) => return JoinOutcome::PassExpired,
            Err(NoEntry::PassEnded) => return JoinOutcome::PassEnded,
        };
        let places = decision.places_bookable_in(&campaign);
        let Some(waitlist) = campaign.waitlist_to_join(places, decision.now) else {
            let opens_at = campaign.waitlist.and_then(|waitlist| waitlist.opens_at);
            return JoinOutcome::NotOpen { opens_at: opens_at.filter(|at| *at > decision.now) };
        };
        if let Some(unmet) = campaign.eligibility.unmet(&self.joining.person) {
            return JoinOutcome::Unmet(unmet);
        }
        if decision.seats_left(&self.pass) == 0 {
            return JoinOutcome::PassExhausted;
        }
        if decision.counts(&campaign.id).demand() >= waitlist.places {
            return JoinOutcome::WaitlistFull;
        }
        // From here on an answer says something about the person, as when they book (P4).
        if !decision.may_be_booked(&self.pass, self.binding) {
            return JoinOutcome::PersonNotOfPass;
        }
        if decision.has_guessed_too_often(&self.pass) {
            return JoinOutcome::RefusedTooOften;
        }
        let keys = self.joining.person_keys();
        let persons = &decision.state.active_persons;
        if keys.iter().any(|key| persons.contains(&(campaign.id.clone(), *key))) {
            decision.count_guess(&self.pass);
            return JoinOutcome::AlreadyBooked;
        }
        if decision.waits(&campaign.id, &keys).is_some() {
            decision.count_guess(&self.pass);
            return JoinOutcome::AlreadyWaiting;
        }
        JoinOutcome::Joined(self.join(decision))
    }
}

impl JoinWaitlist {
    fn join(&self, decision: &mut Decision) -> Joined {
        let campaign = &self.pass.campaign;
        let used = decision.pass_use(&self.pass);
        used.seats_booked += 1;
        used.bookings += 1;
        let (seat_no, pass_used_up) = (used.bookings, used.seats_booked >= self.pass.seats);
        let counts = decision.counts(campaign);
        counts.waiting += 1;
        counts.last_number += 1;
        let entry = WaitlistEntry {
            id: self.joining.entry,
            campaign: campaign.clone(),
            number: counts.last_number,
            pass_id: self.pass.pass_id,
            seat_no,
            ags: self.pass.ags,
            person: Some(self.joining.person.clone()),
            person_key: self.joining.person_key,
            token_hash: self.joining.token_hash,
            joined_at: decision.now,
            offers_missed: 0,
            state: EntryState::Waiting,
        };
        let joined = Joined {
            entry: entry.id,
            number: entry.number,
            joined_at: entry.joined_at,
            pass_used_up,
        };
        decision.state.entries.insert(entry.id, (&entry).into());
        decision.touched.entries_inserted.push(entry);
        let told = What::WaitlistJoined { entry: joined.entry, number: joined.number };
        decision.tell(campaign, told);
        if pass_used_up {
            decision.tell(campaign, What::PassUsedUp { pass: self.pass.pass_id });
        }
        decision.record(&self.idempotency, campaign, Recorded::Joined(joined));
        joined
    }
}
