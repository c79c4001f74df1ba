//! Correcting whom a booking is for.

use std::sync::Arc;

use kernel::CampaignId;
use serde::{Deserialize, Serialize};

use super::{BookingHead, BookingId, BookingStatus};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::eligibility::{DeclarationVersion, Unmet};
use crate::event::Actor;
use crate::pass::{BindingCheck, PassGrant};
use crate::person::{Person, PersonKey};

/// Corrects the person of a booking, as long as the pass that booked it lives. The booking stays what
/// it is: place, code and token.
///
/// A pass that was given back may do it, too: nothing begins with it that was not there, and a typing
/// error is often found on the page that says goodbye.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectPerson {
    /// The pass that booked it.
    pub pass: PassGrant,
    /// The booking.
    pub booking: BookingId,
    /// Who it is for.
    pub correction: Arc<Correction>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
    /// At most once.
    pub idempotency: Idempotency,
}

/// A person in place of the one that a booking has; often the same one, written correctly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Who.
    pub person: Person,
    /// The blind index of the person within the campaign.
    pub person_key: PersonKey,
    /// The blind index under which the person may have booked before the update to version 2.
    pub former_person_key: PersonKey,
}

/// What came of correcting a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectOutcome {
    /// The booking is for that person.
    Corrected(Corrected),
    /// The pass has booked no such booking.
    BookingNotFound,
    /// The pass has expired.
    PassExpired,
    /// The booking was cancelled.
    AlreadyCancelled,
    /// Booking has ended: the place cannot become somebody else's.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality any more.
    NotEligible,
    /// The person does not meet what the campaign asks of them.
    Unmet(Unmet),
    /// The pass is bound to somebody else, who has to be booked.
    PersonNotOfPass,
    /// The person has another active booking in this campaign.
    AlreadyBooked,
    /// The pass has made too many guesses at who is booked.
    RefusedTooOften,
    /// The idempotency key belongs to another request.
    KeyReused,
}

/// The facts of a correction, without the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// The booking.
    pub booking: BookingId,
}

impl Correction {
    /// Both keys under which the person may have a booking.
    pub(super) fn person_keys(&self) -> [PersonKey; 2] {
        [self.person_key, self.former_person_key]
    }
}

impl Asks for CorrectPerson {
    type Outcome = CorrectOutcome;

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
        footprint.bookings.push(self.booking);
        footprint.passes.push(self.pass.pass_id);
        let keys = self.correction.person_keys();
        footprint.person_keys.extend(keys.map(|key| (self.pass.campaign.clone(), key)));
    }

    fn carry_out(&self, decision: &mut Decision) -> CorrectOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(Recorded::Corrected(corrected)) => {
                return CorrectOutcome::Corrected(corrected);
            }
            Earlier::Same(_) | Earlier::Other => return CorrectOutcome::KeyReused,
        }
        let booking = decision.state.bookings.get(&self.booking);
        let Some(booking) = booking.filter(|booking| self.has_booked(booking)) else {
            return CorrectOutcome::BookingNotFound;
        };
        if self.pass.expires_at <= decision.now {
            return CorrectOutcome::PassExpired;
        }
        match booking.status {
            BookingStatus::Confirmed => {}
            BookingStatus::Cancelled { .. } => return CorrectOutcome::AlreadyCancelled,
        }
        let has_key = booking.person_key;
        if let Some(missing) = self.undeclared(decision) {
            return CorrectOutcome::Unmet(Unmet::Declarations(missing));
        }
        if !self.correction.person_keys().contains(&has_key)
            && let Some(refused) = self.judge_somebody_else(decision)
        {
            return refused;
        }
        if has_key != self.correction.person_key && self.has_another_booking(decision, has_key) {
            return CorrectOutcome::AlreadyBooked;
        }
        decision.exchange(self.booking, &self.correction);
        let corrected = Corrected { booking: self.booking };
        decision.record(&self.idempotency, &self.pass.campaign, Recorded::Corrected(corrected));
        CorrectOutcome::Corrected(corrected)
    }
}

impl CorrectPerson {
    /// To a pass that has not booked it a booking is as good as absent.
    fn has_booked(&self, booking: &BookingHead) -> bool {
        booking.campaign == self.pass.campaign && booking.pass_id == self.pass.pass_id
    }

    /// The declarations that are missing. What was declared before is replaced with the person, so also
    /// who is written otherwise declares it.
    fn undeclared(&self, decision: &Decision) -> Option<Vec<DeclarationVersion>> {
        let campaign = decision.state.campaigns.get(&self.pass.campaign)?;
        campaign.eligibility.undeclared(self.correction.person.declared())
    }

    /// Why the place may not become somebody else's: it is judged as if they booked. What comes after
    /// this says whether they are booked, so it costs a guess, whatever the answer (P4).
    fn judge_somebody_else(&self, decision: &mut Decision) -> Option<CorrectOutcome> {
        let campaign = decision.state.campaigns.get(&self.pass.campaign)?;
        if campaign.is_closed(decision.now) {
            return Some(CorrectOutcome::CampaignClosed);
        }
        if !campaign.is_eligible(self.pass.ags) {
            return Some(CorrectOutcome::NotEligible);
        }
        if let Some(unmet) = campaign.eligibility.unmet(&self.correction.person) {
            return Some(CorrectOutcome::Unmet(unmet));
        }
        if !decision.may_be_exchanged(&self.pass, self.binding) {
            return Some(CorrectOutcome::PersonNotOfPass);
        }
        if decision.has_guessed_too_often(&self.pass) {
            return Some(CorrectOutcome::RefusedTooOften);
        }
        decision.count_guess(&self.pass);
        None
    }

    /// Whether the person has a booking besides this one, which is stored under `own` (P4).
    fn has_another_booking(&self, decision: &Decision, own: PersonKey) -> bool {
        let others = self.correction.person_keys().into_iter().filter(|key| *key != own);
        let is_active =
            |key| decision.state.active_persons.contains(&(self.pass.campaign.clone(), key));
        others.into_iter().any(is_active)
    }
}
