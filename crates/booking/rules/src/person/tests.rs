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
        language: Language::En,
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
    assert_eq!(person.language(), Language::En);
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
        language: Language::De,
    };
    let problems = Person::parse(wrong, now()).expect_err("all wrong");
    let fields: Vec<_> = problems.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["given_name", "family_name", "date_of_birth", "email", "phone"]);
}

#[test]
fn implausible_dates_of_birth_are_refused() {
    let parse = |date: &str| {
        Person::parse(PersonFields { date_of_birth: date.to_owned(), ..fields() }, now()).is_ok()
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
        language: Language::En,
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
    assert_ne!(key(fields()), PersonKey::of(&secret, &"worms".parse().expect("a name"), &person));
    assert_ne!(key(fields()), PersonKey::of(&other_secret, &campaign, &person));
}
