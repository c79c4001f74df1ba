//! The person to be booked: parsed once, never printed.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use kernel::{CampaignId, Timestamp};

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
}

/// A person whose data are plausible. `Debug` shows nothing of them (P15).
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    given_name: String,
    family_name: String,
    date_of_birth: DateOfBirth,
    email: Option<String>,
    phone: Option<String>,
}

/// A day in the calendar, not before 1890. `Debug` does not show it.
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

/// What is wrong with a field. It never repeats what was typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// Too long.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A control character or the like.
    #[error("has a character that cannot be part of it")]
    Character,
    /// Not of the expected form.
    #[error("is not of the form {0}")]
    Form(&'static str),
    /// No person who is alive.
    #[error("is in the future or too long ago")]
    Implausible,
}

const NAME_LENGTH_MAX: usize = 100;
const EMAIL_LENGTH_MAX: usize = 254;
const PHONE_LENGTH_MAX: usize = 32;
/// The oldest human being on record reached 122 years.
const YEAR_MIN: i16 = 1890;

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
        match (given_name, family_name, date_of_birth, email, phone) {
            (Ok(given_name), Ok(family_name), Ok(date_of_birth), Ok(email), Ok(phone)) => {
                Ok(Self { given_name, family_name, date_of_birth, email, phone })
            }
            _ => Err(problems),
        }
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
        let is_date = text.len() == 10
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = is_date.then(|| text.parse().ok()).flatten();
        date.map(Self).ok_or(FieldProblem::Form("YYYY-MM-DD"))
    }
}

impl PersonKey {
    /// The blind index of `person` in `campaign`: HMAC-SHA256 of the campaign, the names in lower
    /// case and the date of birth, each ended by a zero byte that none of them can contain.
    #[must_use]
    pub fn of(secret: &hmac::Key, campaign: &CampaignId, person: &Person) -> Self {
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
        let mut key = [0; 32];
        key.copy_from_slice(index.sign().as_ref());
        Self(key)
    }
}

fn checked(text: &str, length_max: usize) -> Result<&str, FieldProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldProblem::Empty);
    }
    if text.chars().count() > length_max {
        return Err(FieldProblem::TooLong(length_max));
    }
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return Err(FieldProblem::Character);
    }
    Ok(text)
}

fn name(text: &str) -> Result<String, FieldProblem> {
    let text = checked(text, NAME_LENGTH_MAX)?;
    if !text.chars().any(char::is_alphabetic) {
        return Err(FieldProblem::Character);
    }
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
    let date: DateOfBirth = text.trim().parse()?;
    // It may be tomorrow already where the person lives.
    let latest = now.plus(std::time::Duration::from_hours(24)).to_string();
    if date.0.year() < YEAR_MIN || *date.to_string() > latest[..10] {
        return Err(FieldProblem::Implausible);
    }
    Ok(date)
}

/// An empty optional field is one that was not filled in.
fn optional(
    text: Option<String>,
    check: fn(&str) -> Result<String, FieldProblem>,
) -> Result<Option<String>, FieldProblem> {
    text.filter(|text| !text.trim().is_empty()).map(|text| check(&text)).transpose()
}

fn email(text: &str) -> Result<String, FieldProblem> {
    const FORM: FieldProblem = FieldProblem::Form("name@example.org");
    let text = checked(text, EMAIL_LENGTH_MAX)?;
    let (local, domain) = text.rsplit_once('@').ok_or(FORM)?;
    let plausible = !local.is_empty()
        && !local.contains('@')
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    if plausible { Ok(text.to_owned()) } else { Err(FORM) }
}

fn phone(text: &str) -> Result<String, FieldProblem> {
    const FORM: FieldProblem = FieldProblem::Form("+49 6232 140");
    let text = checked(text, PHONE_LENGTH_MAX)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-/() ".contains(&byte);
    if digits >= 4 && text.bytes().all(allowed) { Ok(text.to_owned()) } else { Err(FORM) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> PersonFields {
        PersonFields {
            given_name: "  Zoë \t Maria ".to_owned(),
            family_name: "von der Größe".to_owned(),
            date_of_birth: "1980-02-29".to_owned(),
            email: Some("zoe@example.org".to_owned()),
            phone: Some("  ".to_owned()),
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_s(1_623_650_400)
    }

    #[test]
    fn a_person_is_tidied_and_never_printed() {
        let person = Person::parse(fields(), now()).expect("plausible");
        assert_eq!(person.given_name(), "Zoë Maria");
        assert_eq!(person.date_of_birth().to_string(), "1980-02-29");
        assert_eq!((person.email(), person.phone()), (Some("zoe@example.org"), None));
        let printed = format!("{person:?} {:?} {:?}", fields(), person.date_of_birth());
        for secret in ["Zo", "Gr", "1980", "example"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = PersonFields {
            given_name: " ".to_owned(),
            family_name: "x".repeat(101),
            date_of_birth: "1981-02-29".to_owned(),
            email: Some("zoe@localhost".to_owned()),
            phone: Some("call me".to_owned()),
        };
        let problems = Person::parse(wrong, now()).expect_err("all wrong");
        let fields: Vec<_> = problems.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["given_name", "family_name", "date_of_birth", "email", "phone"]);
    }

    #[test]
    fn implausible_dates_of_birth_are_refused() {
        let parse = |date: &str| {
            Person::parse(PersonFields { date_of_birth: date.to_owned(), ..fields() }, now())
                .is_ok()
        };
        assert!(parse("2021-06-14") && parse("2021-06-15") && parse("1890-01-01"));
        for bad in
            ["2021-06-16", "1889-12-31", "80-02-28", "1980-2-28", "28.02.1980", "19800228", ""]
        {
            assert!(!parse(bad), "{bad}");
        }
    }

    #[test]
    fn the_blind_index_knows_a_person_in_one_campaign() {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let other_secret = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        let campaign: CampaignId = "speyer".parse().expect("a name");
        let key = |fields| {
            PersonKey::of(&secret, &campaign, &Person::parse(fields, now()).expect("plausible"))
        };
        let same = PersonFields { given_name: "ZOË maria".to_owned(), email: None, ..fields() };
        assert_eq!(key(fields()), key(same));
        let shifted = PersonFields {
            given_name: "Zoë".to_owned(),
            family_name: "Maria von der Größe".to_owned(),
            ..fields()
        };
        assert_ne!(key(fields()), key(shifted));
        let person = Person::parse(fields(), now()).expect("plausible");
        assert_ne!(
            key(fields()),
            PersonKey::of(&secret, &"worms".parse().expect("a name"), &person)
        );
        assert_ne!(key(fields()), PersonKey::of(&other_secret, &campaign, &person));
    }
}
