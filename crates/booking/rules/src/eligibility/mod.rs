//! Who may book by what they say of themselves: when they were born, and what they declare. Where they
//! live is the pass's to say.
//!
//! Pure. The rules are data of the campaign: what is stored with a booking says which version of a
//! text somebody agreed to, so a rule that changes leaves what was booked as it is.

mod declaration;
mod rule;

use serde::{Deserialize, Serialize};

use crate::person::{DateOfBirth, Person};

pub use declaration::{Declaration, DeclarationVersion, Declared};
pub use rule::{Answer, Day, Rule};

/// What somebody must meet to book in a campaign, besides living in the right place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligibility {
    /// When they must be born: all of these have to be met.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What is shown to them to declare.
    #[serde(default)]
    pub declarations: Vec<Declaration>,
}

/// Why a person may not be booked, as far as they say it themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// This rule is not met.
    Rule(Rule),
    /// These declarations are required and were not made, or of another version of the text.
    Declarations(Vec<DeclarationVersion>),
}

impl Eligibility {
    /// Rules of one campaign.
    pub const RULES_MAX: usize = 10;
    /// Declarations of one campaign, and of one person.
    pub const DECLARATIONS_MAX: usize = 20;

    /// What `person` does not meet: the first rule, or else all declarations that are missing. `None`
    /// if they may be booked. O(rules + declarations²), both bounded.
    #[must_use]
    pub fn unmet(&self, person: &Person) -> Option<Unmet> {
        let rule = self.rules.iter().find(|rule| !rule.is_met_by(person.date_of_birth()));
        match rule {
            Some(rule) => Some(Unmet::Rule(*rule)),
            None => self.undeclared(person.declared()).map(Unmet::Declarations),
        }
    }

    /// Whether the rules are met by somebody born on that day; where there are none, by everybody.
    #[must_use]
    pub fn admits(&self, born: Option<DateOfBirth>) -> bool {
        self.rules.iter().all(|rule| born.is_some_and(|born| rule.is_met_by(born)))
    }

    /// The required declarations that are not among `declared`; `None` if all are.
    #[must_use]
    pub fn undeclared(&self, declared: &[Declared]) -> Option<Vec<DeclarationVersion>> {
        let missing = self.declarations.iter().filter(|required| {
            required.required && declared.iter().all(|made| made.of != required.of)
        });
        let missing: Vec<_> = missing.map(|required| required.of.clone()).collect();
        (!missing.is_empty()).then_some(missing)
    }

    /// Whether people born in `year` may book, and the rule that fails or on which it depends. Without
    /// a year it depends on the first rule.
    #[must_use]
    pub fn of_year(&self, year: Option<i16>) -> (Answer, Option<Rule>) {
        let answer = |rule: &Rule| match year {
            Some(year) => rule.of_year(year),
            None => Answer::Depends,
        };
        let first = |wanted| self.rules.iter().find(|rule| answer(rule) == wanted).copied();
        match (first(Answer::No), first(Answer::Depends)) {
            (Some(rule), _) => (Answer::No, Some(rule)),
            (None, Some(rule)) => (Answer::Depends, Some(rule)),
            (None, None) => (Answer::Yes, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::*;
    use crate::language::Language;
    use crate::person::PersonFields;

    fn person(born: &str, declared: &[(&str, u32)]) -> Person {
        let fields = PersonFields {
            given_name: "Erika".to_owned(),
            family_name: "Muster".to_owned(),
            date_of_birth: born.to_owned(),
            ..PersonFields::default()
        };
        let person = Person::parse(fields, Timestamp::from_unix_s(1_623_650_400));
        let declared = declared.iter().map(|(id, version)| Declared {
            of: DeclarationVersion { id: id.parse().expect("a name"), version: *version },
            language: Language::De,
            at: Timestamp::from_unix_s(1_623_650_400),
        });
        person.expect("plausible").declaring(declared.collect())
    }

    fn declaration(id: &str, version: u32, required: bool) -> Declaration {
        Declaration {
            of: DeclarationVersion { id: id.parse().expect("a name"), version },
            required,
            text_de: "Ja.".to_owned(),
            text_en: "Yes.".to_owned(),
        }
    }

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn eligibility() -> Eligibility {
        Eligibility {
            rules: vec![
                Rule::AgeMin { years: 18, on: day("2021-06-20") },
                Rule::BornFrom { day: day("1940-01-01") },
            ],
            declarations: vec![
                declaration("residence", 2, true),
                declaration("news", 1, false),
                declaration("health", 1, true),
            ],
        }
    }

    /// P: which rule fails is said, and the rules come before the declarations.
    #[test]
    fn the_first_rule_that_is_not_met_is_named() {
        let asked = eligibility();
        let all: &[_] = &[("health", 1), ("residence", 2)];
        assert_eq!(asked.unmet(&person("2003-06-20", all)), None);
        let too_young = Some(Unmet::Rule(asked.rules[0]));
        assert_eq!(asked.unmet(&person("2003-06-21", all)), too_young);
        assert_eq!(asked.unmet(&person("2003-06-21", &[])), too_young);
        assert_eq!(asked.unmet(&person("1939-12-31", all)), Some(Unmet::Rule(asked.rules[1])));
        assert_eq!(Eligibility::default().unmet(&person("2003-06-21", &[])), None);
    }

    /// Whoever read an earlier text has not agreed to this one.
    #[test]
    fn every_missing_declaration_is_named() {
        let asked = eligibility();
        let [residence, health] = [0, 2].map(|place| asked.declarations[place].of.clone());
        let missing = |declared: &[_]| asked.unmet(&person("1970-01-31", declared));
        let both = Some(Unmet::Declarations(vec![residence.clone(), health]));
        assert_eq!(missing(&[]), both);
        assert_eq!(missing(&[("news", 1), ("elsewhere", 1)]), both);
        let earlier = missing(&[("health", 1), ("residence", 1)]);
        assert_eq!(earlier, Some(Unmet::Declarations(vec![residence])));
    }

    #[test]
    fn a_year_says_yes_no_or_that_the_day_matters() {
        let asked = eligibility();
        let [adult, born] = [asked.rules[0], asked.rules[1]];
        for (year, expected) in [
            (Some(2004), (Answer::No, Some(adult))),
            (Some(2003), (Answer::Depends, Some(adult))),
            (Some(2002), (Answer::Yes, None)),
            (Some(1940), (Answer::Yes, None)),
            (Some(1939), (Answer::No, Some(born))),
            (None, (Answer::Depends, Some(adult))),
        ] {
            assert_eq!(asked.of_year(year), expected, "{year:?}");
        }
        assert_eq!(Eligibility::default().of_year(None), (Answer::Yes, None));
    }

    /// It is part of the stored definition of a campaign.
    #[test]
    fn it_is_stored_and_read_back() {
        let asked = eligibility();
        let json = serde_json::to_string(&asked).expect("JSON");
        let rules = r#"{"rules":[{"rule":"age_min","years":18,"on":"2021-06-20"},{"rule":"born_from","day":"1940-01-01"}],"declarations":[{"id":"residence","version":2,"required":true,"text_de":"Ja.","text_en":"Yes."}"#;
        assert!(json.starts_with(rules), "{json}");
        assert_eq!(serde_json::from_str::<Eligibility>(&json).expect("readable"), asked);
        let none = serde_json::from_str::<Eligibility>("{}").expect("readable");
        assert_eq!(none, Eligibility::default());
    }
}
