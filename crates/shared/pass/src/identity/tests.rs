use proptest::prelude::*;

use super::*;

fn key() -> IdentityKey {
    IdentityKey::new(&[7; 32])
}

fn campaign(name: &str) -> CampaignId {
    name.parse().expect("a name")
}

fn person(given_name: &str, family_name: &str) -> Subject {
    key().person(&campaign("speyer"), given_name, family_name, "1980-02-29")
}

/// P17: the many ways to write one name are one person.
#[test]
fn however_a_name_is_written_it_is_the_same_person() {
    let spellings = [
        ("Zoë Maria", "Müller-Weiß"),
        ("zoë maria", "MÜLLER-WEISS"),
        ("ZOË MARIA", "MÜLLER-WEIẞ"),
        ("Zoe\u{308} Maria", "Mu\u{308}ller-Weiß"),
        ("Zoë  Maria", " Müller - Weiß "),
        ("Zoë-Maria", "Müller Weiß"),
        ("Zoëmaria", "Müllerweiß"),
        ("Zoe Maria", "Mueller-Weiss"),
        ("Zoé Maria", "Muller-Weiss"),
        ("Ｚｏｅ Ｍａｒｉａ", "Ｍüｌｌｅｒ-Weiß"),
        ("Zo\u{ad}ë Maria", "Mül\u{ad}ler-Weiß"),
        ("\u{feff}Zoë Maria", "Müller-Weiß\u{200b}"),
        ("\u{202e}Zoë Maria\u{202c}", "M\u{200d}üller-Weiß"),
        ("Zoe\u{34f}\u{308} Maria", "Mu\u{34f}\u{308}ller-Weiß"),
        ("Zoë Maria", "M\u{3164}üller-Wei\u{fe0f}ß"),
        ("Zoë Maria 2", "Müller-Weiß (1)"),
        ("Zoë\u{a0}Maria", "Müller\u{2010}Weiß"),
        ("Zoë\tMaria", "Müller\u{2011}Weiß"),
        ("𝒵oë 𝕸aria", "Müller-Weiß"),
        ("Zоë Mаriа", "Müllеr-Weiß"),
        ("ΖΟË ΜΑRΙΑ", "Müller-Weiß"),
        ("Müller-Weiß", "Zoë Maria"),
        ("Zoë", "Maria Müller-Weiß"),
        ("Zoë Maria Müller-Weiß", ""),
        ("Weiß Zoë Maria", "Müller"),
    ];
    for (given_name, family_name) in spellings {
        assert_eq!(
            person(given_name, family_name),
            person("Zoë Maria", "Müller-Weiß"),
            "{given_name} {family_name}: {}",
            same_name(given_name, family_name)
        );
    }
}

/// P4, P17: every spelling either folds to the same name or is refused as one.
#[test]
fn every_spelling_known_is_the_same_person_or_none() {
    let subject = |(given_name, family_name)| person(given_name, family_name);
    let mut refused = Vec::new();
    for &(given_name, family_name) in spellings::SAME {
        let is_name = plausible::name(given_name).is_ok()
            && plausible::name(family_name).is_ok()
            && plausible::is_one_alphabet(given_name, family_name);
        if is_name {
            let same = person(given_name, family_name) == subject(spellings::PERSON);
            assert!(same, "{given_name} {family_name}: {}", same_name(given_name, family_name));
        } else {
            refused.push((given_name, family_name));
        }
    }
    assert_eq!(refused.len(), 7, "only letters of other alphabets are: {refused:?}");
    for &other in spellings::OTHERS {
        assert_ne!(subject(other), subject(spellings::PERSON), "{other:?}");
    }
}

#[test]
fn names_of_other_scripts_and_letters_fold_as_well() {
    for (left, right) in [
        ("Łukasz Øster", "lukasz oster"),
        ("İbrahim Işık", "ibrahim isik"),
        ("Þór Guðmundsson", "thor gudmundsson"),
        ("Æsop Cœur", "aesop coeur"),
        ("Strauſs", "Strauss"),
        ("ﬁnn", "Finn"),
        ("ΝΊΚΟΣ", "Νίκος"),
        ("Иван", "ИВАН"),
        ("가영", "가영"),
    ] {
        assert_eq!(fold(left), fold(right));
        assert!(!fold(left).is_empty(), "{left}");
    }
    assert_eq!(fold("1 - 2 \u{ad}\u{3164}"), "", "a name without a letter is no name");
}

#[test]
fn the_seams_of_the_ring_do_not_matter() {
    for (given_name, family_name) in [("Eder", "Anna"), ("Ae", "Uee"), ("E", "A"), ("Ee", "")] {
        let there = same_name(given_name, family_name);
        assert_eq!(same_name(family_name, given_name), there, "{given_name} {family_name}");
    }
}

#[test]
fn other_people_are_other_subjects() {
    let anna = person("Anna", "Muster");
    for (given_name, family_name) in
        [("Anne", "Muster"), ("Anna", "Musterer"), ("Hanna", "Muster"), ("Anna Maria", "Muster")]
    {
        assert_ne!(person(given_name, family_name), anna, "{given_name} {family_name}");
    }
    assert_ne!(person("Mia", "Muster"), person("Ami", "Muster"), "a ring, not a bag of letters");
    let here = campaign("speyer");
    assert_ne!(key().person(&here, "Anna", "Muster", "1980-03-01"), anna);
    assert_ne!(key().person(&campaign("worms"), "Anna", "Muster", "1980-02-29"), anna);
    let other_key = IdentityKey::new(&[8; 32]);
    assert_ne!(other_key.person(&here, "Anna", "Muster", "1980-02-29"), anna);
}

#[test]
fn one_mailbox_is_one_subject() {
    let email = |address: &str| key().email(&campaign("speyer"), address);
    for same in [
        " Anna@Bücher.example ",
        "anna@xn--bcher-kva.example",
        "ANNA@BÜCHER.EXAMPLE",
        "anna@bu\u{308}cher.example",
        "anna+one@bücher.example",
        "anna+one+two@bücher.example.",
        "an\u{ad}na@bücher\u{200b}.example",
        "ａｎｎａ＠bücher.example",
    ] {
        assert_eq!(email(same), email("anna@bücher.example"), "{same}: {}", fold_email(same));
    }
    for other in ["anna@bucher.example", "annas@bücher.example", "+anna@bücher.example", "anna"] {
        assert_ne!(email(other), email("anna@bücher.example"), "{other}");
    }
}

/// Both services, and every version of each, agree on these.
#[test]
fn subjects_are_frozen() {
    assert_eq!(person("Zoë Maria", "Müller-Weiß").to_string(), "yDe1bbddyJGJ86SDBeu86w");
    assert_eq!(
        key().email(&campaign("speyer"), "anna@example.org").to_string(),
        "9J3zwZhF1VyDn0J2kdhfkw"
    );
    assert_eq!(same_name("Zoë Maria", "Müller-Weiß"), "amullerweisszomari");
}

#[test]
fn kinds_have_one_name_each() {
    for kind in IdentityKind::ALL {
        let name = format!("\"{}\"", kind.as_str());
        assert_eq!(serde_json::to_string(&kind).expect("serializes"), name);
        assert_eq!(serde_json::from_str::<IdentityKind>(&name).expect("reads"), kind);
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(kind.needs_key(), kind != IdentityKind::None);
    }
    let error = "Person".parse::<IdentityKind>().expect_err("refused");
    assert_eq!(error.to_string(), "'Person' is not one of none, person and email");
}

#[test]
fn debug_does_not_print_the_key() {
    assert_eq!(format!("{:?}", key()), "IdentityKey(…)");
}

proptest! {
    #[test]
    fn folding_twice_changes_nothing(name in "\\PC{0,20}", other in "\\PC{0,20}") {
        let once = fold(&name);
        prop_assert_eq!(fold(&once), once);
        let ring = same_name(&name, &other);
        prop_assert_eq!(&same_name(&other, &name), &ring);
        prop_assert_eq!(fold(&ring), ring);
        let address = fold_email(&format!("{name}@{other}"));
        prop_assert_eq!(fold_email(&address), address);
    }
}
