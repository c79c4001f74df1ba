//! What a campaign asks of people besides where they live, in words.

use booking::{Campaign, Day, Declaration, Rule};
use kernel::Slug;
use serde::Serialize;
use utoipa::ToSchema;
use web::Language;

/// When somebody must be born to book.
#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
pub(crate) struct RuleBody {
    rule: RuleName,
    /// The rule in words, in the language that the client prefers.
    #[schema(example = "At least 60 years old on 20 June 2021")]
    text: String,
    /// The first or last day of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date, example = "1961-06-20")]
    day: Option<String>,
    /// The least or highest age in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 60)]
    years: Option<u8>,
    /// The day on which the age is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Date, example = "2021-06-20")]
    on: Option<String>,
}

/// What decides who may book.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleName {
    /// Where somebody lives.
    Residence,
    /// Born on that day or later.
    BornFrom,
    /// Born on that day or earlier.
    BornUntil,
    /// So many years old at least.
    AgeMin,
    /// So many years old at most.
    AgeMax,
}

/// A text that people declare when they book.
#[derive(Serialize, ToSchema)]
#[schema(as = Declaration)]
pub(crate) struct DeclarationBody<'a> {
    #[schema(value_type = String, example = "residence")]
    id: &'a Slug,
    /// The version of the text, which is sent with a booking.
    #[schema(minimum = 1, example = 1)]
    version: u32,
    /// Whether nobody is booked without it.
    required: bool,
    /// In the language that the client prefers.
    #[schema(example = "My main residence is in the place named.")]
    text: &'a str,
}

impl From<Rule> for RuleName {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::BornFrom { .. } => Self::BornFrom,
            Rule::BornUntil { .. } => Self::BornUntil,
            Rule::AgeMin { .. } => Self::AgeMin,
            Rule::AgeMax { .. } => Self::AgeMax,
        }
    }
}

impl RuleBody {
    pub(crate) fn new(rule: Rule, language: Language) -> Self {
        let (day, years, on) = match rule {
            Rule::BornFrom { day } | Rule::BornUntil { day } => (Some(day), None, None),
            Rule::AgeMin { years, on } | Rule::AgeMax { years, on } => {
                (None, Some(years), Some(on))
            }
        };
        let (day, on) = (day.map(|day| day.to_string()), on.map(|on| on.to_string()));
        Self { rule: rule.into(), text: text(rule, language), day, years, on }
    }

    pub(crate) fn all(campaign: &Campaign, language: Language) -> Vec<Self> {
        campaign.eligibility.rules.iter().map(|rule| Self::new(*rule, language)).collect()
    }
}

impl<'a> DeclarationBody<'a> {
    pub(crate) fn all(campaign: &'a Campaign, language: Language) -> Vec<Self> {
        let declarations = campaign.eligibility.declarations.iter();
        declarations.map(|declaration| Self::new(declaration, language)).collect()
    }

    fn new(declaration: &'a Declaration, language: Language) -> Self {
        let text = match language {
            Language::De => &declaration.text_de,
            Language::En => &declaration.text_en,
        };
        let (of, required) = (&declaration.of, declaration.required);
        Self { id: &of.id, version: of.version, required, text }
    }
}

fn text(rule: Rule, language: Language) -> String {
    let date = |day| date(day, language);
    match (language, rule) {
        (Language::De, Rule::BornFrom { day }) => format!("Geboren am {} oder später", date(day)),
        (Language::En, Rule::BornFrom { day }) => format!("Born on {} or later", date(day)),
        (Language::De, Rule::BornUntil { day }) => format!("Geboren am {} oder früher", date(day)),
        (Language::En, Rule::BornUntil { day }) => format!("Born on {} or earlier", date(day)),
        (Language::De, Rule::AgeMin { years, on }) => {
            format!("Am {} mindestens {years} Jahre alt", date(on))
        }
        (Language::En, Rule::AgeMin { years, on }) => {
            format!("At least {years} years old on {}", date(on))
        }
        (Language::De, Rule::AgeMax { years, on }) => {
            format!("Am {} höchstens {years} Jahre alt", date(on))
        }
        (Language::En, Rule::AgeMax { years, on }) => {
            format!("At most {years} years old on {}", date(on))
        }
    }
}

/// The day as people of the language write it.
fn date(day: Day, language: Language) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, of_month) = day.parts();
    match language {
        Language::De => format!("{of_month:02}.{month:02}.{year}"),
        Language::En => format!("{of_month} {} {year}", MONTHS[usize::from(month) - 1]),
    }
}

#[cfg(test)]
mod tests {
    use booking::Rule;
    use serde_json::json;
    use web::Language;

    use super::RuleBody;

    #[test]
    fn each_rule_is_said_in_both_languages() {
        let day = "1961-06-02".parse().expect("a day");
        let on = "2021-06-20".parse().expect("a day");
        let cases = [
            (
                Rule::BornFrom { day },
                "Geboren am 02.06.1961 oder später",
                "Born on 2 June 1961 or later",
            ),
            (
                Rule::BornUntil { day },
                "Geboren am 02.06.1961 oder früher",
                "Born on 2 June 1961 or earlier",
            ),
            (
                Rule::AgeMin { years: 60, on },
                "Am 20.06.2021 mindestens 60 Jahre alt",
                "At least 60 years old on 20 June 2021",
            ),
            (
                Rule::AgeMax { years: 60, on },
                "Am 20.06.2021 höchstens 60 Jahre alt",
                "At most 60 years old on 20 June 2021",
            ),
        ];
        for (rule, de, en) in cases {
            for (language, text) in [(Language::De, de), (Language::En, en)] {
                let body = serde_json::to_value(RuleBody::new(rule, language)).expect("JSON");
                assert_eq!((&body["text"], &body["rule"]), (&json!(text), &json!(rule.name())));
            }
        }
    }
}
