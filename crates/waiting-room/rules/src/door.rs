//! The door: who may book here, who it is that comes, and what is asked of those who come too often.

pub mod proof;

use kernel::{Ags, Postcode, ResidenceAnswer, Timestamp};
use pass::identity::{FieldProblem, plausible};
use pass::{IdentityKey, IdentityKind, Subject};

use crate::service::outcome::{IdentityMistake, JoinOutcome};
use crate::settings::RoomSettings;

/// Where somebody lives, as they say: the postcode, and which of its municipalities.
pub type Residence = (Postcode, Option<Ags>);

/// The municipality in the tickets and passes of a room that does not ask where people live.
pub const NOT_ASKED: Ags = Ags::from_number(0).expect("eight zeros are written as a key");

/// Who comes, as typed in. Never printed (P15).
#[derive(Clone)]
pub enum GivenIdentity {
    /// A person.
    Person {
        /// Given name or names.
        given_name: String,
        /// Family name.
        family_name: String,
        /// `YYYY-MM-DD`.
        date_of_birth: String,
    },
    /// An e-mail address.
    Email(String),
}

/// The questions of one room.
pub struct Door<'a> {
    /// What is asked.
    pub settings: &'a RoomSettings,
    /// Makes subjects of people.
    pub identity_key: Option<&'a IdentityKey>,
}

impl Door<'_> {
    /// The municipality whose residents may book; or why not. [`NOT_ASKED`] where nobody is asked.
    pub(crate) fn residence(&self, given: Option<Residence>) -> Result<Ags, Box<JoinOutcome>> {
        if !self.settings.asks_residence() {
            return Ok(NOT_ASKED);
        }
        let Some((postcode, ags)) = given else { return refuse(JoinOutcome::ResidenceRequired) };
        match self.settings.residence.decide(postcode, ags) {
            ResidenceAnswer::Eligible(municipality) => Ok(municipality.ags),
            ResidenceAnswer::NotEligible(known) => refuse(JoinOutcome::NotEligible(known.cloned())),
            ResidenceAnswer::Ambiguous(rows) => {
                refuse(JoinOutcome::MunicipalityRequired(rows.into_iter().cloned().collect()))
            }
            ResidenceAnswer::Mismatch => refuse(JoinOutcome::MunicipalityMismatch),
        }
    }

    /// The subject that stands for whoever comes; `None` where the room does not ask.
    pub(crate) fn identity(
        &self,
        given: Option<&GivenIdentity>,
        now: Timestamp,
    ) -> Result<Option<Subject>, Box<JoinOutcome>> {
        let campaign = self.settings.campaign();
        let mistaken = |mistakes: Vec<IdentityMistake>| {
            if mistakes.is_empty() {
                Ok(())
            } else {
                refuse(JoinOutcome::IdentityMistaken(mistakes))
            }
        };
        let asked = self.settings.identity;
        let (key, given) = match (asked, self.identity_key, given) {
            (IdentityKind::None, _, None) => return Ok(None),
            // A room that asks is served by instances with a key only.
            (_, Some(key), Some(given)) => (key, given),
            (_, None, _) | (_, _, None) => return refuse(JoinOutcome::IdentityRequired(asked)),
        };
        match (asked, given) {
            (
                IdentityKind::Person,
                GivenIdentity::Person { given_name, family_name, date_of_birth },
            ) => {
                mistaken(person_mistakes(given_name, family_name, date_of_birth, now))?;
                Ok(Some(key.person(campaign, given_name, family_name, date_of_birth)))
            }
            (IdentityKind::Email, GivenIdentity::Email(email)) => {
                let problem = plausible::email(email).err();
                mistaken(problem.map(IdentityMistake::Email).into_iter().collect())?;
                Ok(Some(key.email(campaign, email)))
            }
            (IdentityKind::None | IdentityKind::Person | IdentityKind::Email, _) => {
                refuse(JoinOutcome::IdentityRequired(asked))
            }
        }
    }
}

fn refuse<T>(outcome: JoinOutcome) -> Result<T, Box<JoinOutcome>> {
    Err(Box::new(outcome))
}

/// What is wrong with the person, field by field: the same that the booking API would refuse.
fn person_mistakes(
    given_name: &str,
    family_name: &str,
    date_of_birth: &str,
    now: Timestamp,
) -> Vec<IdentityMistake> {
    let given = plausible::name(given_name).err();
    let family = plausible::name(family_name).err();
    let is_mixed =
        given.is_none() && family.is_none() && !plausible::is_one_alphabet(given_name, family_name);
    let family = family.or(is_mixed.then_some(FieldProblem::Alphabets));
    let born = plausible::date_of_birth(date_of_birth, now).err();
    [
        given.map(IdentityMistake::GivenName),
        family.map(IdentityMistake::FamilyName),
        born.map(IdentityMistake::DateOfBirth),
    ]
    .into_iter()
    .flatten()
    .collect()
}
