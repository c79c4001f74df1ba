//! The door: who may book here, and who it is that comes.

use kernel::{Ags, Postcode, ResidenceAnswer, Timestamp};
use pass::{IdentityKey, IdentityKind, Subject};

use crate::service::outcome::{IdentityMistake, JoinOutcome};
use crate::settings::RoomSettings;

/// Names longer than this are no names.
const NAME_LENGTH_MAX: usize = 100;
/// The longest address that mail can be sent to (RFC 5321, section 4.5.3.1).
const EMAIL_LENGTH_MAX: usize = 254;

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
    /// The municipality whose residents may book; or why not.
    pub(crate) fn residence(
        &self,
        postcode: Postcode,
        ags: Option<Ags>,
    ) -> Result<Ags, Box<JoinOutcome>> {
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
                let checks = [
                    (is_name(given_name), IdentityMistake::GivenName),
                    (is_name(family_name), IdentityMistake::FamilyName),
                    (is_past_date(date_of_birth, now), IdentityMistake::DateOfBirth),
                ];
                mistaken(
                    checks.into_iter().filter(|(is_right, _)| !is_right).map(|(_, m)| m).collect(),
                )?;
                Ok(Some(key.person(campaign, given_name, family_name, date_of_birth)))
            }
            (IdentityKind::Email, GivenIdentity::Email(email)) => {
                let is_address = email.len() <= EMAIL_LENGTH_MAX
                    && email.trim().split_once('@').is_some_and(|(local, domain)| {
                        !local.is_empty()
                            && domain.contains('.')
                            && !email.trim().contains(char::is_whitespace)
                    });
                mistaken(if is_address { vec![] } else { vec![IdentityMistake::Email] })?;
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

fn is_name(text: &str) -> bool {
    let length = text.chars().count();
    (1..=NAME_LENGTH_MAX).contains(&length) && text.chars().any(char::is_alphabetic)
}

/// Whether the text is a day that is over somewhere on earth, and not too long ago for anybody alive.
fn is_past_date(text: &str, now: Timestamp) -> bool {
    let is_form = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let begins = is_form.then(|| format!("{text}T00:00:00Z").parse::<Timestamp>().ok()).flatten();
    let latest = now.plus(std::time::Duration::from_hours(14));
    begins.is_some_and(|begins| begins <= latest && text >= "1900-01-01")
}
