//! Stored rows and the domain's values. What a row holds was written by the rules; a row that cannot
//! be read back is a defect and says so.

use std::borrow::Cow;
use std::str::FromStr;

use booking::{CarId, DeclarationVersion, Declared, Language, Person, PersonFields};
use kernel::{Ags, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dialect::write_hex;
use crate::fault::Fault;

/// A stored text as what it names.
pub(crate) fn parse<T: FromStr>(what: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| unreadable(what))
}

/// A stored number in its range.
pub(crate) fn number<N, T: TryFrom<N>>(what: &str, number: N) -> Result<T, Fault> {
    number.try_into().map_err(|_| unreadable(what))
}

/// A stored hash.
pub(crate) fn bytes_32(what: &str, bytes: Vec<u8>) -> Result<[u8; 32], Fault> {
    bytes.try_into().map_err(|_| unreadable(what))
}

/// A stored id of 16 bytes.
pub(crate) fn bytes_16(what: &str, bytes: &[u8]) -> Result<[u8; 16], Fault> {
    bytes.try_into().map_err(|_| unreadable(what))
}

/// A stored car, if there is one.
pub(crate) fn car(bytes: Option<&[u8]>) -> Result<Option<CarId>, Fault> {
    bytes.map(|bytes| bytes_16("car", bytes).map(CarId::from_bytes)).transpose()
}

/// A stored pass id.
pub(crate) fn pass_id<T: FromStr>(bytes: &[u8]) -> Result<T, Fault> {
    let mut hex = String::with_capacity(32);
    write_hex(&mut hex, bytes);
    parse("pass id", &hex)
}

/// The fault of a value that cannot be read; it does not repeat the value.
pub(crate) fn unreadable(what: &str) -> Fault {
    Fault::Unexpected(format!("the stored {what} is unreadable"))
}

pub(crate) fn ags(stored: i32) -> Result<Ags, Fault> {
    u32::try_from(stored).ok().and_then(Ags::from_number).ok_or_else(|| unreadable("ags"))
}

/// The person as stored. Fields may be added, never renamed.
#[derive(Serialize, Deserialize)]
struct StoredPerson<'a> {
    #[serde(borrow)]
    given_name: Cow<'a, str>,
    #[serde(borrow)]
    family_name: Cow<'a, str>,
    #[serde(borrow)]
    date_of_birth: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
    /// Not of who is written to in German.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    language: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    declared: Vec<StoredDeclared>,
}

/// What somebody has declared.
#[derive(Serialize, Deserialize)]
struct StoredDeclared {
    id: Slug,
    version: u32,
    language: String,
    at_ms: i64,
}

impl From<&Declared> for StoredDeclared {
    fn from(declared: &Declared) -> Self {
        Self {
            id: declared.of.id.clone(),
            version: declared.of.version,
            language: declared.language.tag().to_owned(),
            at_ms: declared.at.unix_ms(),
        }
    }
}

impl From<StoredDeclared> for Declared {
    fn from(stored: StoredDeclared) -> Self {
        Self {
            of: DeclarationVersion { id: stored.id, version: stored.version },
            // Of a later program's language the person is read all the same.
            language: stored.language.parse().unwrap_or_default(),
            at: Timestamp::from_unix_ms(stored.at_ms),
        }
    }
}

/// The person as JSON, `null` once erased.
pub(crate) fn person_to_json(person: Option<&Person>) -> String {
    let stored = person.map(|person| StoredPerson {
        given_name: person.given_name().into(),
        family_name: person.family_name().into(),
        date_of_birth: person.date_of_birth().to_string().into(),
        email: person.email().map(Cow::from),
        phone: person.phone().map(Cow::from),
        language: Some(person.language())
            .filter(|language| *language != Language::default())
            .map(|language| language.tag().into()),
        declared: person.declared().iter().map(StoredDeclared::from).collect(),
    });
    serde_json::to_string(&stored).expect("strings are always JSON")
}

/// The person of a row, `None` if it was erased; as it was stored, whatever the rules are today.
pub(crate) fn person_from_json(text: &str) -> Result<Option<Person>, Fault> {
    let stored: Option<StoredPerson> =
        serde_json::from_str(text).map_err(|_| unreadable("person"))?;
    let Some(stored) = stored else { return Ok(None) };
    let declared = stored.declared.into_iter().map(Declared::from).collect();
    let fields = PersonFields {
        given_name: stored.given_name.into_owned(),
        family_name: stored.family_name.into_owned(),
        date_of_birth: stored.date_of_birth.into_owned(),
        email: stored.email.map(Cow::into_owned),
        phone: stored.phone.map(Cow::into_owned),
        // A language of a later program is no reason not to read a person.
        language: stored.language.and_then(|tag| tag.parse().ok()).unwrap_or_default(),
    };
    let person = Person::from_stored(fields).map_err(|_| unreadable("person"))?;
    Ok(Some(person.declaring(declared)))
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;

    fn fields(email: Option<&str>) -> PersonFields {
        PersonFields {
            given_name: "Anna \"Änne\"".into(),
            family_name: "O’Neill-Müller".into(),
            date_of_birth: "1980-02-29".into(),
            email: email.map(str::to_owned),
            phone: None,
            language: if email.is_some() { Language::En } else { Language::De },
        }
    }

    #[test]
    fn a_person_reads_back_as_written() {
        let now = Timestamp::from_unix_s(1_623_650_400);
        for email in [None, Some("anna@example.org")] {
            let person = Person::parse(fields(email), now).expect("a plausible person");
            let read = person_from_json(&person_to_json(Some(&person))).expect("readable");
            assert!(read == Some(person));
        }
        assert!(person_from_json(&person_to_json(None)).expect("readable").is_none());
    }

    #[test]
    fn a_person_without_a_known_language_is_written_to_in_german() {
        let stored = r#"{"given_name":"Anna","family_name":"Muster","date_of_birth":"1980-02-29""#;
        for language in ["", r#","language":"de""#, r#","language":"fr""#] {
            let person = person_from_json(&format!("{stored}{language}}}")).expect("readable");
            assert_eq!(person.map(|person| person.language()), Some(Language::De), "{language}");
        }
    }

    #[test]
    fn an_unreadable_value_is_named_and_not_repeated() {
        let fault = parse::<Ags>("ags", "secret").expect_err("no key");
        assert!(
            matches!(fault, Fault::Unexpected(reason) if reason == "the stored ags is unreadable")
        );
    }
}
