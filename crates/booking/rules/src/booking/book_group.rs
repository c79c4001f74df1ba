//! Registering several persons onto a hold, all of them or none.

use std::collections::HashSet;
use std::sync::Arc;

use kernel::CampaignId;

use super::on_hold::NoRegistration;
use super::{Booked, Registration};
use crate::batch::{Asks, Decision, Earlier, Footprint, Idempotency, Recorded};
use crate::campaign::Campaign;
use crate::eligibility::Unmet;
use crate::event::Actor;
use crate::hold::HoldId;
use crate::pass::{BindingCheck, PassGrant};

/// Registers several persons onto a hold. When all of them can be, it is as if each was registered after
/// the one before; otherwise nobody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookGroup {
    /// The pass under which the seats are held.
    pub pass: PassGrant,
    /// The hold.
    pub hold: HoldId,
    /// Who, one at least.
    pub members: Vec<GroupMember>,
    /// At most once. Each booking is recorded under a key of its own, see [`Idempotency::of_member`].
    pub idempotency: Idempotency,
}

/// One person of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Who.
    pub registration: Arc<Registration>,
    /// Whether the pass is for that person.
    pub binding: BindingCheck,
}

/// What came of registering several persons onto a hold. `member` is the place in the list of the person
/// at whom it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookGroupOutcome {
    /// Each person has a place, in the order of the list.
    Booked(Vec<Booked>),
    /// The pass has no such hold.
    HoldNotFound,
    /// The hold is fully booked, released or expired.
    HoldEnded,
    /// The hold has a seat for everybody before this person only.
    NoSeatFor {
        /// Which.
        member: usize,
    },
    /// The person is in the list already.
    NamedTwice {
        /// Which.
        member: usize,
    },
    /// The pass is bound to somebody else than the first person.
    PersonNotOfPass,
    /// The person has an active booking in this campaign.
    AlreadyBooked {
        /// Which.
        member: usize,
    },
    /// The pass has made too many guesses at who is booked, or would have with this one.
    RefusedTooOften,
    /// Booking has ended.
    CampaignClosed,
    /// The campaign is not for residents of the pass's municipality any more.
    NotEligible,
    /// The person does not meet what the campaign asks of them.
    Unmet {
        /// Which.
        member: usize,
        /// What they do not meet.
        unmet: Unmet,
    },
    /// The idempotency key belongs to another request.
    KeyReused,
}

impl BookGroup {
    fn keys(&self) -> impl Iterator<Item = Idempotency> {
        (0..self.members.len()).map(|member| self.idempotency.of_member(member))
    }

    /// What a repeat is told; `None` if not everybody was booked by this request.
    fn told_before(&self, decision: &Decision) -> Option<Vec<Booked>> {
        let booked = self.keys().map(|key| match decision.earlier(&key) {
            Earlier::Same(Recorded::Booked(booked)) => {
                Some(decision.as_it_stands(&self.pass, booked))
            }
            Earlier::Same(_) | Earlier::Nothing | Earlier::Other => None,
        });
        booked.collect()
    }

    /// The first person who is in the list already. That tells nothing of who is booked.
    fn named_twice(&self) -> Option<usize> {
        let mut named = HashSet::new();
        self.members.iter().position(|member| !named.insert(member.registration.person_key))
    }

    /// The first person who does not meet what the campaign asks of them.
    fn first_unmet(&self, campaign: &Campaign) -> Option<(usize, Unmet)> {
        let mut members = self.members.iter().enumerate();
        members.find_map(|(place, member)| {
            member.registration.unmet(campaign).map(|unmet| (place, unmet))
        })
    }
}

impl Asks for BookGroup {
    type Outcome = BookGroupOutcome;

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
        footprint.holds.push(self.hold);
        footprint.passes.push(self.pass.pass_id);
        footprint.idempotency_keys.extend(self.keys().map(|idempotency| idempotency.key));
        for member in &self.members {
            footprint.add_person(&self.pass.campaign, &member.registration);
        }
    }

    fn carry_out(&self, decision: &mut Decision) -> BookGroupOutcome {
        match decision.earlier(&self.idempotency) {
            Earlier::Nothing => {}
            Earlier::Same(_) => {
                let told = self.told_before(decision);
                return told.map_or(BookGroupOutcome::KeyReused, BookGroupOutcome::Booked);
            }
            Earlier::Other => return BookGroupOutcome::KeyReused,
        }
        if let Some(member) = self.named_twice() {
            return BookGroupOutcome::NamedTwice { member };
        }
        let open = match decision.open_hold(&self.pass, self.hold) {
            Ok(open) => open,
            Err(NoRegistration::HoldNotFound) => return BookGroupOutcome::HoldNotFound,
            Err(NoRegistration::HoldEnded) => return BookGroupOutcome::HoldEnded,
            Err(NoRegistration::CampaignClosed) => return BookGroupOutcome::CampaignClosed,
            Err(NoRegistration::NotEligible) => return BookGroupOutcome::NotEligible,
        };
        let seats_open = usize::from(open.seats_open);
        if self.members.len() > seats_open {
            return BookGroupOutcome::NoSeatFor { member: seats_open };
        }
        if let Some((member, unmet)) = self.first_unmet(&open.campaign) {
            return BookGroupOutcome::Unmet { member, unmet };
        }
        // Whoever comes after the first has a booking of the pass before them.
        let first = self.members.first();
        if first.is_some_and(|first| !decision.may_be_booked(&self.pass, first.binding)) {
            return BookGroupOutcome::PersonNotOfPass;
        }
        if decision.has_guessed_too_often(&self.pass) {
            return BookGroupOutcome::RefusedTooOften;
        }
        let (campaign, persons) = (&self.pass.campaign, &decision.state.active_persons);
        let mut members = self.members.iter();
        if let Some(member) = members.position(|it| it.registration.has_booked(campaign, persons)) {
            // That those before are not booked is told as well, and no seat pays for it (P4).
            return if decision.count_guesses(&self.pass, member + 1) {
                BookGroupOutcome::AlreadyBooked { member }
            } else {
                BookGroupOutcome::RefusedTooOften
            };
        }
        let members = self.members.iter().zip(self.keys());
        let booked = members
            .map(|(member, key)| decision.register(&self.pass, &open, &member.registration, &key));
        BookGroupOutcome::Booked(booked.collect())
    }
}
