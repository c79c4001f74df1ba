//! Numbers and times in words.

use ::web::Language;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// How long something takes: in the largest unit of which there are at least two, rounded up.
pub(super) fn duration(seconds: u64, language: Language) -> String {
    if seconds < MINUTE_S {
        return less_than_a_minute(language).to_owned();
    }
    let (count, unit) = units(seconds);
    format!("{} {}", number(count, language), unit.name(count, language))
}

/// A time that is estimated.
pub(super) fn range(low_s: u64, high_s: u64, language: Language) -> String {
    let low = low_s / MINUTE_S * MINUTE_S;
    if low < MINUTE_S || duration(low, language) == duration(high_s, language) {
        return match language {
            Language::De if high_s >= MINUTE_S => {
                format!("höchstens {}", duration(high_s, language))
            }
            Language::En if high_s >= MINUTE_S => format!("at most {}", duration(high_s, language)),
            Language::De | Language::En => duration(high_s, language),
        };
    }
    let to = match language {
        Language::De => "bis",
        Language::En => "to",
    };
    format!("{} {to} {}", duration(low, language), duration(high_s, language))
}

/// A number as it is written in this language.
pub(super) fn number(number: u64, language: Language) -> String {
    let separator = match language {
        Language::De => '.',
        Language::En => ',',
    };
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(separator);
        }
        written.push(digit);
    }
    written
}

#[derive(Clone, Copy)]
enum Unit {
    Minute,
    Hour,
    Day,
}

impl Unit {
    const fn name(self, count: u64, language: Language) -> &'static str {
        match (self, language, count == 1) {
            (Self::Minute, Language::De, true) => "Minute",
            (Self::Minute, Language::De, false) => "Minuten",
            (Self::Minute, Language::En, true) => "minute",
            (Self::Minute, Language::En, false) => "minutes",
            (Self::Hour, Language::De, _) => "Stunden",
            (Self::Hour, Language::En, _) => "hours",
            (Self::Day, Language::De, _) => "Tagen",
            (Self::Day, Language::En, _) => "days",
        }
    }
}

fn units(seconds: u64) -> (u64, Unit) {
    if seconds > 2 * DAY_S {
        (seconds.div_ceil(DAY_S), Unit::Day)
    } else if seconds > 2 * HOUR_S {
        (seconds.div_ceil(HOUR_S), Unit::Hour)
    } else {
        (seconds.div_ceil(MINUTE_S), Unit::Minute)
    }
}

const fn less_than_a_minute(language: Language) -> &'static str {
    match language {
        Language::De => "weniger als einer Minute",
        Language::En => "less than a minute",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_people_use() {
        let both =
            |seconds| [Language::De, Language::En].map(|language| duration(seconds, language));
        assert_eq!(both(59), ["weniger als einer Minute", "less than a minute"]);
        assert_eq!(both(60), ["1 Minute", "1 minute"]);
        assert_eq!(both(61), ["2 Minuten", "2 minutes"]);
        assert_eq!(both(7_200), ["120 Minuten", "120 minutes"]);
        assert_eq!(both(7_201), ["3 Stunden", "3 hours"]);
        assert_eq!(both(3 * 86_400), ["3 Tagen", "3 days"]);
        assert_eq!(both(u64::MAX)[1], "213,503,982,334,602 days");
    }

    #[test]
    fn an_estimate_is_a_range() {
        let english = |low, high| range(low, high, Language::En);
        assert_eq!(english(0, 30), "less than a minute");
        assert_eq!(english(30, 90), "at most 2 minutes");
        assert_eq!(english(300, 300), "at most 5 minutes");
        assert_eq!(english(310, 601), "5 minutes to 11 minutes");
        assert_eq!(range(310, 601, Language::De), "5 Minuten bis 11 Minuten");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(0, Language::De), "0");
        assert_eq!(number(127_261, Language::De), "127.261");
        assert_eq!(number(1_000_000, Language::En), "1,000,000");
    }
}
