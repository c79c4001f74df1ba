//! What can be somebody's name, date of birth and e-mail address. Both services ask the same.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::field_problem::{DATE, EMAIL};
use kernel::{FieldProblem, Timestamp};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, MixedScript};

use super::fold::{fold, is_invisible};

/// Characters of a name.
const NAME_LENGTH_MAX: usize = 100;
/// The longest address that mail can be sent to (RFC 5321, section 4.5.3.1).
const EMAIL_LENGTH_MAX: usize = 254;
/// Nobody alive is older; one human being on record ever was.
const AGE_YEARS_MAX: i16 = 120;
/// Who may book is decided by German municipality keys, so the day is that of Germany.
const TIME_ZONE: &str = "Europe/Berlin";

/// The text without surrounding white space, if it is there, short enough and without control
/// characters. O(length).
pub fn text(text: &str, length_max: usize) -> Result<&str, FieldProblem> {
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

/// A given or a family name without surrounding white space: it has a letter, every letter is one in
/// use today (UTS 39, `Identifier_Status`), and all are of one alphabet (UTS 39, section 5.1). O(length).
pub fn name(name: &str) -> Result<&str, FieldProblem> {
    let name = text(name, NAME_LENGTH_MAX)?;
    let letters = letters(name);
    if fold(name).is_empty() || !letters.chars().all(GeneralSecurityProfile::identifier_allowed) {
        return Err(FieldProblem::Character);
    }
    if !letters.as_str().is_single_script() {
        return Err(FieldProblem::Alphabets);
    }
    Ok(name)
}

/// Whether both names are written in one alphabet. O(length).
#[must_use]
pub fn is_one_alphabet(given_name: &str, family_name: &str) -> bool {
    (letters(given_name) + &letters(family_name)).as_str().is_single_script()
}

/// The letters of a name as they are counted: variants that only look different are one.
fn letters(name: &str) -> String {
    name.nfkc().filter(|c| c.is_alphabetic() && !is_invisible(*c)).collect()
}

/// A date of birth, written `YYYY-MM-DD`: a day of the calendar that has begun in Germany, and not so
/// long ago that nobody can have lived since. O(1).
pub fn date_of_birth(text: &str, now: Timestamp) -> Result<Date, FieldProblem> {
    let date = date(text)?;
    let today = today(now);
    if date > today || date.year() < today.year() - AGE_YEARS_MAX {
        return Err(FieldProblem::Implausible);
    }
    Ok(date)
}

/// A day of the calendar, written `YYYY-MM-DD`. O(1).
pub fn date(text: &str) -> Result<Date, FieldProblem> {
    let text = text.trim();
    let is_form = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = is_form.then(|| text.parse().ok()).flatten();
    date.ok_or(FieldProblem::Form(DATE))
}

fn today(now: Timestamp) -> Date {
    // The zone is compiled in and an instant beyond the calendar is not reached: neither is missing.
    let zone = TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_millisecond(now.unix_ms()).unwrap_or(jiff::Timestamp::MAX);
    zone.to_datetime(instant).date()
}

/// An e-mail address without surrounding white space: one `@` between something and a domain with a
/// dot, and no character that mail software would read as several addresses. O(length).
pub fn email(address: &str) -> Result<&str, FieldProblem> {
    const FORM: FieldProblem = FieldProblem::Form(EMAIL);
    let address = text(address, EMAIL_LENGTH_MAX)?;
    let (local, domain) = address.split_once('@').ok_or(FORM)?;
    let is_label = |label: &str| !label.is_empty();
    let plausible = !local.is_empty()
        && !domain.contains('@')
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && !address
            .contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    if plausible { Ok(address) } else { Err(FORM) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_alphabet_are_names() {
        for right in [
            "Zoë Maria",
            "Müller-Weiß",
            "O’Neill",
            "OʼNeill",
            "van der Berg",
            "İbrahim",
            "Łukasz",
            "Þór",
            "Əliyev",
            "Иван-Мария",
            "Νίκος",
            "山田タロウ",
            "ノー",
            "김",
            "علی‌رضا",
            "Ａｎｎａ",
            " Anna ",
        ] {
            assert_eq!(name(right), Ok(right.trim()), "{right}");
        }
    }

    #[test]
    fn what_only_looks_like_a_name_is_refused() {
        for (wrong, problem) in [
            ("", FieldProblem::Empty),
            (" \t", FieldProblem::Empty),
            ("1 – 2", FieldProblem::Character),
            ("\u{3164}", FieldProblem::Character),
            ("ʼ", FieldProblem::Character),
            ("An\u{7}na", FieldProblem::Character),
            ("Ann🅰", FieldProblem::Character),
            ("ᴀnnᴀ", FieldProblem::Character),
            ("Αnna", FieldProblem::Alphabets),
            ("Annа", FieldProblem::Alphabets),
            ("Ann가", FieldProblem::Alphabets),
        ] {
            assert_eq!(name(wrong), Err(problem), "{wrong}");
        }
        assert_eq!(name(&"x".repeat(101)), Err(FieldProblem::TooLong(100)));
        assert!(is_one_alphabet("Anna", "Muster") && is_one_alphabet("太郎", "ヤマダ"));
        assert!(!is_one_alphabet("Анна", "Muster"));
    }

    fn at(instant: &str) -> Timestamp {
        instant.parse().expect("an instant")
    }

    /// The day changes in Germany, in summer two hours before it does in UTC.
    #[test]
    fn nobody_is_born_tomorrow() {
        for (now, today, tomorrow) in [
            ("2021-06-14T21:59:59Z", "2021-06-14", "2021-06-15"),
            ("2021-06-14T22:00:00Z", "2021-06-15", "2021-06-16"),
            ("2021-12-31T22:59:59Z", "2021-12-31", "2022-01-01"),
            ("2021-12-31T23:00:00Z", "2022-01-01", "2022-01-02"),
        ] {
            assert!(date_of_birth(today, at(now)).is_ok(), "{today} at {now}");
            let unborn = date_of_birth(tomorrow, at(now));
            assert_eq!(unborn, Err(FieldProblem::Implausible), "{tomorrow} at {now}");
        }
    }

    #[test]
    fn nobody_alive_was_born_so_long_ago() {
        let now = at("2021-06-14T06:00:00Z");
        for alive in ["1901-01-01", "1903-01-02", "1980-02-29"] {
            assert!(date_of_birth(alive, now).is_ok(), "{alive}");
        }
        for dead in ["1900-12-31", "1899-12-31", "1890-01-01", "0001-01-01"] {
            assert_eq!(date_of_birth(dead, now), Err(FieldProblem::Implausible), "{dead}");
        }
        for no_day in
            ["1981-02-29", "80-02-28", "1980-2-28", "28.02.1980", "19800228", "-198-01-01", ""]
        {
            let refused = date_of_birth(no_day, now);
            assert_eq!(refused, Err(FieldProblem::Form("YYYY-MM-DD")), "{no_day}");
        }
    }

    #[test]
    fn an_address_has_one_mailbox_and_one_domain() {
        for right in ["anna@example.org", " a+b@x.de ", "änna@bücher.example"] {
            assert_eq!(email(right), Ok(right.trim()));
        }
        for wrong in [
            "a@b@c.de",
            "@c.de",
            "a@",
            "a@localhost",
            "a@.de",
            "a@c.",
            "a@c..de",
            "a b@c.de",
            "a@c.de, b@c.de",
            "<a@c.de>",
            "a",
        ] {
            assert_eq!(email(wrong), Err(FieldProblem::Form("name@example.org")), "{wrong}");
        }
        assert_eq!(email(&format!("a@{}.de", "x".repeat(250))), Err(FieldProblem::TooLong(254)));
    }
}
