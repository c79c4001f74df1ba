//! What booking a person takes, whether onto a hold or in one step.

use std::sync::Arc;

use kernel::CampaignId;

use super::{Bookings, Failure};
use crate::booking::{BookingCode, BookingId, Correction, Registration, TokenHash};
use crate::pass::{BindingCheck, PassGrant};
use crate::person::{Person, PersonKey};

impl Bookings {
    /// How the person stands to what the pass is bound to: their names and date of birth, or their
    /// e-mail address. The two kinds of subjects cannot be equal, so either will do.
    pub(super) fn check_binding(
        &self,
        pass: &PassGrant,
        person: &Person,
    ) -> Result<BindingCheck, Failure> {
        let Some(subject) = pass.binding else { return Ok(BindingCheck::Unbound) };
        let Some(key) = self.secrets.identity() else {
            tracing::error!(campaign = %pass.campaign, "a pass is bound and there is no identity key");
            return Err(Failure::Broken);
        };
        let date_of_birth = person.date_of_birth().to_string();
        let (given_name, family_name) = (person.given_name(), person.family_name());
        let campaign = &pass.campaign;
        let matches = key.person(campaign, given_name, family_name, &date_of_birth) == subject
            || person.email().is_some_and(|email| key.email(campaign, email) == subject);
        Ok(if matches { BindingCheck::Matches } else { BindingCheck::Differs })
    }

    /// Everything the booking of `person` will carry.
    pub(super) fn registration(&self, campaign: &CampaignId, person: &Person) -> Arc<Registration> {
        let key = self.secrets.person_key(campaign, person);
        let former = self.secrets.former_person_key(campaign, person);
        self.new_registration(Some(person.clone()), key, Some(former))
    }

    /// The same for a person whose keys are known.
    pub(super) fn new_registration(
        &self,
        person: Option<Person>,
        person_key: PersonKey,
        former_person_key: Option<PersonKey>,
    ) -> Arc<Registration> {
        let booking = BookingId::new(self.now(), &*self.entropy);
        Arc::new(Registration {
            booking,
            code: BookingCode::new(&*self.entropy),
            person,
            person_key,
            former_person_key,
            manage_token_hash: TokenHash::of(&self.secrets.manage_token(booking, 0)),
        })
    }

    /// What a booking of `person` has of them.
    pub(super) fn correction(&self, campaign: &CampaignId, person: &Person) -> Arc<Correction> {
        Arc::new(Correction {
            person: person.clone(),
            person_key: self.secrets.person_key(campaign, person),
            former_person_key: self.secrets.former_person_key(campaign, person),
        })
    }
}

/// What of a person counts for "the same request": everything but the language, which may come from a
/// header that differs when the request is repeated. The parts cannot contain the zero byte that ends
/// them.
pub(super) fn person_bytes(person: &Person) -> Vec<u8> {
    let date_of_birth = person.date_of_birth().to_string();
    let parts = [
        person.given_name(),
        person.family_name(),
        &date_of_birth,
        person.email().unwrap_or_default(),
        person.phone().unwrap_or_default(),
    ];
    let declared = person.declared().iter();
    let declared =
        declared.map(|made| format!("{} {} {}", made.of.id, made.of.version, made.language.tag()));
    let parts = parts.iter().map(ToString::to_string).chain(declared);
    parts.flat_map(|part| part.into_bytes().into_iter().chain([0])).collect()
}
