//! The person to be booked: parsed once, never printed.

mod contact;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use kernel::{CampaignId, Timestamp};
use pass::identity::{plausible, same_name};

pub use contact::Contact;
pub use pass::identity::FieldProblem;

use crate::eligibility::Declared;
use crate::language::Language;

/// What a citizen types in, unchecked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonFields {
    /// Given name or names.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// Where the confirmation goes, if anywhere.
    pub email: Option<String>,
    /// Where a call-up may go.
    pub phone: Option<String>,
    /// In which language they are written to.
    pub language: Language,
}

/// A person whose data are plausible. `Debug` shows nothing of them (P15).
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    given_name: String,
    family_name: String,
    date_of_birth: DateOfBirth,
    email: Option<String>,
    phone: Option<String>,
    language: Language,
    declared: Vec<Declared>,
}

/// A day in the calendar. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateOfBirth(jiff::civil::Date);

/// The blind index of a person within a campaign: the same person gives the same 32 bytes, and
/// without the secret nobody can find out who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey(pub [u8; 32]);

/// A field of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonField {
    /// The given name.
    GivenName,
    /// The family name.
    FamilyName,
    /// The date of birth.
    DateOfBirth,
    /// The e-mail address.
    Email,
    /// The telephone number.
    Phone,
}

impl PersonField {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::DateOfBirth => "date_of_birth",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// Characters of a telephone number.
const PHONE_LENGTH_MAX: usize = 32;

impl Person {
    /// Checks and tidies what was typed in: names lose surrounding and repeated spaces. Names every
    /// field that is wrong.
    pub fn parse(
        fields: PersonFields,
        now: Timestamp,
    ) -> Result<Self, Vec<(PersonField, FieldProblem)>> {
        let mut problems = Vec::new();
        let mut note = |field, problem| problems.push((field, problem));
        let given_name =
            name(&fields.given_name).map_err(|problem| note(PersonField::GivenName, problem));
        let family_name =
            name(&fields.family_name).map_err(|problem| note(PersonField::FamilyName, problem));
        let date_of_birth = date_of_birth(&fields.date_of_birth, now)
            .map_err(|problem| note(PersonField::DateOfBirth, problem));
        let email =
            optional(fields.email, email).map_err(|problem| note(PersonField::Email, problem));
        let phone =
            optional(fields.phone, phone).map_err(|problem| note(PersonField::Phone, problem));
        if let (Ok(given_name), Ok(family_name)) = (&given_name, &family_name)
            && !plausible::is_one_alphabet(given_name, family_name)
        {
            problems.push((PersonField::FamilyName, FieldProblem::Alphabets));
        }
        match (given_name, family_name, date_of_birth, email, phone) {
            (Ok(given_name), Ok(family_name), Ok(date_of_birth), Ok(email), Ok(phone))
                if problems.is_empty() =>
            {
                Ok(Self {
                    given_name,
                    family_name,
                    date_of_birth,
                    email,
                    phone,
                    language: fields.language,
                    declared: Vec::new(),
                })
            }
            _ => Err(problems),
        }
    }

    /// The person that is stored, as stored: what was plausible when it was written is read whatever
    /// the rules are today. Only the date of birth has to be a day.
    pub fn from_stored(fields: PersonFields) -> Result<Self, FieldProblem> {
        Ok(Self {
            date_of_birth: fields.date_of_birth.parse()?,
            given_name: fields.given_name,
            family_name: fields.family_name,
            email: fields.email,
            phone: fields.phone,
            language: fields.language,
            declared: Vec::new(),
        })
    }

    /// The same person, who has declared this.
    #[must_use]
    pub fn declaring(self, declared: Vec<Declared>) -> Self {
        Self { declared, ..self }
    }

    /// The given name.
    #[must_use]
    pub fn given_name(&self) -> &str {
        &self.given_name
    }

    /// The family name.
    #[must_use]
    pub fn family_name(&self) -> &str {
        &self.family_name
    }

    /// The date of birth.
    #[must_use]
    pub const fn date_of_birth(&self) -> DateOfBirth {
        self.date_of_birth
    }

    /// The e-mail address, if one was given.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The telephone number, if one was given.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }

    /// In which language they are written to.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// What they have declared.
    #[must_use]
    pub fn declared(&self) -> &[Declared] {
        &self.declared
    }
}

impl DateOfBirth {
    pub(crate) const fn day(self) -> jiff::civil::Date {
        self.0
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

impl fmt::Debug for PersonFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonFields(…)")
    }
}

impl fmt::Debug for DateOfBirth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DateOfBirth(…)")
    }
}

/// Writes `YYYY-MM-DD`.
impl fmt::Display for DateOfBirth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for DateOfBirth {
    type Err = FieldProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        plausible::date(text).map(Self)
    }
}

impl PersonKey {
    /// The version of [`PersonKey::of`], stored beside the key.
    pub const VERSION: u8 = 2;
    /// What is stored in place of a key once the booking was cancelled.
    pub const ERASED: Self = Self([0; 32]);

    /// The blind index of `person` in `campaign`: HMAC-SHA256 of the campaign, the name as
    /// [`same_name`] folds it and the date of birth, each ended by a zero byte that none of them can
    /// contain. O(length of the names).
    #[must_use]
    pub fn of(secret: &hmac::Key, campaign: &CampaignId, person: &Person) -> Self {
        let name = same_name(&person.given_name, &person.family_name);
        let parts = [campaign.as_str(), &name, &person.date_of_birth.to_string()];
        Self::hash(secret, b"einlass person key v2\0", &parts)
    }

    /// The key of version 1, which knew a name only as it was typed in: bookings from before the update
    /// are stored under it until they are brought up to date.
    #[must_use]
    pub fn of_version_1(secret: &hmac::Key, campaign: &CampaignId, person: &Person) -> Self {
        let mut index = hmac::Context::with_key(secret);
        index.update(b"einlass person key v1\0");
        for part in [
            campaign.as_str(),
            &person.given_name.to_lowercase(),
            &person.family_name.to_lowercase(),
        ] {
            index.update(part.as_bytes());
            index.update(b"\0");
        }
        index.update(person.date_of_birth.to_string().as_bytes());
        Self::from_tag(index)
    }

    fn hash(secret: &hmac::Key, tag: &[u8], parts: &[&str]) -> Self {
        let mut index = hmac::Context::with_key(secret);
        index.update(tag);
        for part in parts {
            index.update(part.as_bytes());
            index.update(b"\0");
        }
        Self::from_tag(index)
    }

    fn from_tag(index: hmac::Context) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(index.sign().as_ref());
        Self(key)
    }
}

fn name(text: &str) -> Result<String, FieldProblem> {
    let text = plausible::name(text)?;
    let mut words = text.split_whitespace();
    let mut name = String::with_capacity(text.len());
    name.push_str(words.next().unwrap_or_default());
    for word in words {
        name.push(' ');
        name.push_str(word);
    }
    Ok(name)
}

fn date_of_birth(text: &str, now: Timestamp) -> Result<DateOfBirth, FieldProblem> {
    plausible::date_of_birth(text, now).map(DateOfBirth)
}

/// An empty optional field is one that was not filled in.
fn optional(
    text: Option<String>,
    check: fn(&str) -> Result<String, FieldProblem>,
) -> Result<Option<String>, FieldProblem> {
    text.filter(|text| !text.trim().is_empty()).map(|text| check(&text)).transpose()
}

fn email(text: &str) -> Result<String, FieldProblem> {
    plausible::email(text).map(str::to_owned)
}

fn phone(text: &str) -> Result<String, FieldProblem> {
    const FORM: FieldProblem = FieldProblem::Form("+49 6232 140");
    let text = plausible::text(text, PHONE_LENGTH_MAX)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-/() ".contains(&byte);
    if digits >= 4 && text.bytes().all(allowed) { Ok(text.to_owned()) } else { Err(FORM) }
}
