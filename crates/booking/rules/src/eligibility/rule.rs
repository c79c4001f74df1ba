//! When somebody must be born.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use pass::identity::plausible;
use serde::{Deserialize, Serialize};

use crate::person::{DateOfBirth, FieldProblem};

/// A day of the calendar that belongs to no person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// What the date of birth must meet. Days and ages are inclusive.
///
/// An age is completed with the day before the birthday (§ 188 BGB), so somebody has it on the birthday;
/// who is born on 29 February has it on 1 March of a year without that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// Born on that day or later.
    BornFrom {
        /// The day.
        day: Day,
    },
    /// Born on that day or earlier.
    BornUntil {
        /// The day.
        day: Day,
    },
    /// So many years old at least.
    AgeMin {
        /// How many.
        years: u8,
        /// On which day.
        on: Day,
    },
    /// So many years old at most.
    AgeMax {
        /// How many.
        years: u8,
        /// On which day.
        on: Day,
    },
}

/// What a year of birth says of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everybody born in it meets it.
    Yes,
    /// Nobody born in it does.
    No,
    /// It depends on the day.
    Depends,
}

impl Rule {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BornFrom { .. } => "born_from",
            Self::BornUntil { .. } => "born_until",
            Self::AgeMin { .. } => "age_min",
            Self::AgeMax { .. } => "age_max",
        }
    }

    /// Whether somebody born on that day meets it.
    #[must_use]
    pub fn is_met_by(self, born: DateOfBirth) -> bool {
        self.is_met_on(born.day())
    }

    /// What the year of birth alone says.
    #[must_use]
    pub fn of_year(self, year: i16) -> Answer {
        // What is met changes once within a year, if at all.
        let day = |month, day| Date::new(year, month, day).is_ok_and(|born| self.is_met_on(born));
        match (day(1, 1), day(12, 31)) {
            (true, true) => Answer::Yes,
            (false, false) => Answer::No,
            (true, false) | (false, true) => Answer::Depends,
        }
    }

    fn is_met_on(self, born: Date) -> bool {
        match self {
            Self::BornFrom { day } => born >= day.0,
            Self::BornUntil { day } => born <= day.0,
            Self::AgeMin { years, on } => born <= on.years_before(years.into()),
            Self::AgeMax { years, on } => born > on.years_before(i32::from(years) + 1),
        }
    }
}

impl Day {
    /// Year, month and day of the month, both from 1.
    #[must_use]
    pub fn parts(self) -> (i16, u8, u8) {
        (self.0.year(), self.0.month().unsigned_abs(), self.0.day().unsigned_abs())
    }

    /// The day so many years before; of 29 February the last day of that month.
    fn years_before(self, years: i32) -> Date {
        self.0.saturating_sub(years.years())
    }
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(date)
    }
}

/// Writes `YYYY-MM-DD`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Day {
    type Err = FieldProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        plausible::date(text).map(Self)
    }
}

impl TryFrom<String> for Day {
    type Error = FieldProblem;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    /// Each rule with the first or last day that meets it and the day beyond.
    #[test]
    fn each_rule_is_met_to_the_day() {
        let on = day("2021-06-20");
        let cases = [
            (Rule::BornFrom { day: day("1961-06-20") }, "1961-06-20", "1961-06-19"),
            (Rule::BornUntil { day: day("1961-06-20") }, "1961-06-20", "1961-06-21"),
            (Rule::AgeMin { years: 60, on }, "1961-06-20", "1961-06-21"),
            (Rule::AgeMax { years: 60, on }, "1960-06-21", "1960-06-20"),
            (Rule::AgeMin { years: 0, on }, "2021-06-20", "2021-06-21"),
            // Born on a leap day, on days that are none: the age is reached on 1 March.
            (Rule::AgeMin { years: 18, on: day("2022-03-01") }, "2004-02-29", "2004-03-02"),
            (Rule::AgeMin { years: 18, on: day("2022-02-28") }, "2004-02-28", "2004-02-29"),
            (Rule::AgeMax { years: 17, on: day("2022-02-28") }, "2004-02-29", "2004-02-28"),
            // The age is asked on a leap day.
            (Rule::AgeMin { years: 18, on: day("2024-02-29") }, "2006-02-28", "2006-03-01"),
            (Rule::AgeMax { years: 17, on: day("2024-02-29") }, "2006-03-01", "2006-02-28"),
        ];
        for (rule, met, unmet) in cases {
            let born = |text: &str| text.parse::<DateOfBirth>().expect("a day");
            assert!(rule.is_met_by(born(met)), "{rule:?}: {met}");
            assert!(!rule.is_met_by(born(unmet)), "{rule:?}: {unmet}");
        }
    }

    #[test]
    fn a_year_answers_unless_the_boundary_is_in_it() {
        let on = day("2021-06-20");
        let cases = [
            (Rule::AgeMin { years: 60, on }, [Answer::Yes, Answer::Depends, Answer::No]),
            (Rule::AgeMax { years: 59, on }, [Answer::No, Answer::Depends, Answer::Yes]),
            (Rule::BornFrom { day: day("1961-01-01") }, [Answer::No, Answer::Yes, Answer::Yes]),
            (Rule::BornUntil { day: day("1961-12-31") }, [Answer::Yes, Answer::Yes, Answer::No]),
        ];
        for (rule, expected) in cases {
            assert_eq!([1960, 1961, 1962].map(|year| rule.of_year(year)), expected, "{rule:?}");
        }
    }

    #[test]
    fn names_are_those_of_the_stored_rules() {
        let day = day("1961-06-20");
        for rule in [
            Rule::BornFrom { day },
            Rule::BornUntil { day },
            Rule::AgeMin { years: 1, on: day },
            Rule::AgeMax { years: 1, on: day },
        ] {
            let json = serde_json::to_value(rule).expect("JSON");
            assert_eq!(json["rule"], rule.name());
        }
    }
}
