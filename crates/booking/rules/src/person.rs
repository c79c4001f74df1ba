//! The person to be booked: parsed once, never printed.

mod contact;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use kernel::{CampaignId, Timestamp};
use pass::identity::{plausible, same_name};

pub use contact::Contact;
pub use pass::identity::FieldProblem;

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
                Ok(Self { given_name, family_name, date_of_birth, email, phone })
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
        })
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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
        assert!(parse("2021-06-14") && parse("1903-01-02"));
        for bad in ["2021-06-15", "1899-12-31", "1890-01-01", "28.02.1980", ""] {
            assert!(!parse(bad), "{bad}");
        }
    }

    #[test]
    fn both_names_are_of_one_alphabet() {
        let mixed = |given_name: &str| {
            let fields = PersonFields { given_name: given_name.to_owned(), ..fields() };
            Person::parse(fields, now()).expect_err("mixed")
        };
        assert_eq!(mixed("Zоë"), [(PersonField::GivenName, FieldProblem::Alphabets)]);
        assert_eq!(mixed("Зоя"), [(PersonField::FamilyName, FieldProblem::Alphabets)]);
    }

    #[test]
    fn a_stored_person_is_read_whatever_the_rules_are_today() {
        let stored = PersonFields {
            given_name: "Зоё Maria 2".to_owned(),
            family_name: "…".to_owned(),
            date_of_birth: "1899-12-31".to_owned(),
            email: Some("a@b@localhost".to_owned()),
            phone: Some("call me".to_owned()),
        };
        let person = Person::from_stored(stored.clone()).expect("readable");
        assert_eq!((person.given_name(), person.family_name()), ("Зоё Maria 2", "…"));
        assert_eq!(person.date_of_birth().to_string(), "1899-12-31");
        assert_eq!((person.email(), person.phone()), (Some("a@b@localhost"), Some("call me")));
        let no_day = PersonFields { date_of_birth: "yesterday".to_owned(), ..stored };
        assert!(Person::from_stored(no_day).is_err());
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
        assert_eq!(key(fields()), key(shifted), "the fields of a name are no part of it");
        let namesake = PersonFields { date_of_birth: "1980-03-01".to_owned(), ..fields() };
        assert_ne!(key(fields()), key(namesake));
        let person = Person::parse(fields(), now()).expect("plausible");
        let version_1 = PersonKey::of_version_1(&secret, &campaign, &person);
        let frozen = "qiwRfvQGAxs9osOXwB69LjxCNMPPzYPiieimt_248sM";
        assert_eq!(URL_SAFE_NO_PAD.encode(version_1.0), frozen, "rows of version 1 are found");
        assert_ne!(
            key(fields()),
            PersonKey::of(&secret, &"worms".parse().expect("a name"), &person)
        );
        assert_ne!(key(fields()), PersonKey::of(&other_secret, &campaign, &person));
    }
}
