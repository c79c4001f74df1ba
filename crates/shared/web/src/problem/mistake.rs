//! What can be wrong with one field of a request: a closed list, with its text in both languages.

use std::borrow::Cow;

use kernel::{FieldProblem, field_problem};

use crate::language::Language;

/// What is wrong with a field. It never repeats what was sent, which may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// It is not there.
    Missing,
    /// There is no such field.
    Unknown,
    /// It is there twice.
    Twice,
    /// The same entry is in the list before.
    Repeated,
    /// It is of another type.
    WrongType(Kind),
    /// It is there, and nothing is in it.
    Empty,
    /// The text is too short: at least so many characters.
    TooShort(u64),
    /// The text is too long: at most so many characters.
    TooLong(u64),
    /// The list is too short: at least so many entries.
    TooFew(u64),
    /// The list is too long: at most so many entries.
    TooMany(u64),
    /// The number is not one of these.
    OutOfRange {
        /// The smallest number.
        least: i64,
        /// The largest number.
        most: i64,
    },
    /// The numbers do not add up to this.
    Sum(u64),
    /// It is about something that has been already.
    Over,
    /// The instant has been already.
    TooEarly,
    /// The instant is not before the end.
    TooLate,
    /// It would not be behind the one before it, or not before the one behind it.
    Order,
    /// The text is not of this form.
    Form(Form),
    /// The text is none of these.
    NoChoice(Vec<String>),
    /// A character is in it that cannot be part of it.
    Character,
    /// Letters of several alphabets are mixed.
    Alphabets,
    /// A day on which nobody alive was born.
    DateOfBirth,
    /// A key for repeating a request that is not so many visible ASCII characters.
    Key {
        /// The shortest key.
        least: usize,
        /// The longest key.
        most: usize,
    },
    /// It is not asked for.
    Unwanted,
    /// It excludes the other fields.
    Exclusive,
    /// It is right in itself, and what the whole request was refused for.
    Refused,
    /// Pages of this origin may not do this.
    Origin,
    /// The body is not JSON.
    NotJson,
    /// The body broke off.
    Incomplete,
    /// Anything else.
    Invalid,
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A number without a fraction.
    Integer,
    /// Any number.
    Number,
    /// A boolean.
    Boolean,
    /// An array.
    List,
    /// An object.
    Object,
}

/// How a text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A day.
    Date,
    /// An e-mail address.
    Email,
    /// An instant with its offset (RFC 3339).
    Instant,
    /// Such as this example.
    Like(Cow<'static, str>),
}

impl From<FieldProblem> for Mistake {
    fn from(problem: FieldProblem) -> Self {
        match problem {
            FieldProblem::Empty => Self::Empty,
            FieldProblem::TooLong(most) => Self::TooLong(most as u64),
            FieldProblem::Character => Self::Character,
            FieldProblem::Alphabets => Self::Alphabets,
            FieldProblem::Form(field_problem::DATE) => Self::Form(Form::Date),
            FieldProblem::Form(field_problem::EMAIL) => Self::Form(Form::Email),
            FieldProblem::Form(form) => Self::Form(Form::Like(form.into())),
            FieldProblem::Implausible => Self::DateOfBirth,
        }
    }
}

impl Mistake {
    /// What clients decide on.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Twice => "twice",
            Self::Repeated => "repeated",
            Self::WrongType(_) => "wrong-type",
            Self::Empty => "empty",
            Self::TooShort(_) => "too-short",
            Self::TooLong(_) => "too-long",
            Self::TooFew(_) => "too-few",
            Self::TooMany(_) => "too-many",
            Self::OutOfRange { .. } => "out-of-range",
            Self::Sum(_) => "wrong-sum",
            Self::Over => "over",
            Self::TooEarly => "too-early",
            Self::TooLate => "too-late",
            Self::Order => "wrong-order",
            Self::Form(_) => "wrong-form",
            Self::NoChoice(_) => "no-choice",
            Self::Character => "wrong-character",
            Self::Alphabets => "mixed-alphabets",
            Self::DateOfBirth => "no-date-of-birth",
            Self::Key { .. } => "wrong-key",
            Self::Unwanted => "unwanted",
            Self::Exclusive => "exclusive",
            Self::Refused => "refused",
            Self::Origin => "origin-not-allowed",
            Self::NotJson => "not-json",
            Self::Incomplete => "incomplete",
            Self::Invalid => "invalid",
        }
    }

    /// One of each, in the order of the list.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        vec![
            Self::Missing,
            Self::Unknown,
            Self::Twice,
            Self::Repeated,
            Self::WrongType(Kind::Text),
            Self::Empty,
            Self::TooShort(2),
            Self::TooLong(100),
            Self::TooFew(1),
            Self::TooMany(1_000),
            Self::OutOfRange { least: 1, most: 4 },
            Self::Sum(100),
            Self::Over,
            Self::TooEarly,
            Self::TooLate,
            Self::Order,
            Self::Form(Form::Date),
            Self::NoChoice(vec!["person".to_owned(), "email".to_owned()]),
            Self::Character,
            Self::Alphabets,
            Self::DateOfBirth,
            Self::Key { least: 16, most: 64 },
            Self::Unwanted,
            Self::Exclusive,
            Self::Refused,
            Self::Origin,
            Self::NotJson,
            Self::Incomplete,
            Self::Invalid,
        ]
    }

    /// What is wrong, in the reader's language.
    #[must_use]
    pub fn text(&self, language: Language) -> Cow<'static, str> {
        match language {
            Language::En => self.english(),
            Language::De => self.german(),
        }
    }

    fn english(&self) -> Cow<'static, str> {
        match self {
            Self::Missing => "this field is missing".into(),
            Self::Unknown => "this field is not known".into(),
            Self::Twice => "this field is given twice".into(),
            Self::Repeated => "this is the same as an earlier entry".into(),
            Self::WrongType(kind) => format!("{} is expected here", kind.english()).into(),
            Self::Empty => "please fill this in".into(),
            Self::TooShort(least) => format!("at least {least} characters").into(),
            Self::TooLong(most) => format!("at most {most} characters").into(),
            Self::TooFew(least) => format!("at least {least} entries").into(),
            Self::TooMany(most) => format!("at most {most} entries").into(),
            Self::OutOfRange { least, most } => {
                format!("a number from {least} to {most} is expected").into()
            }
            Self::Sum(sum) => format!("these must add up to {sum}").into(),
            Self::Over => "this has been already, and cannot be changed".into(),
            Self::TooEarly => "this is in the past".into(),
            Self::TooLate => "this is not before the end".into(),
            Self::Order => "this is not in its order with those beside it; move them as well".into(),
            Self::Form(form) => format!("expected in the form {}", form.english()).into(),
            Self::NoChoice(choices) => format!("expected is one of {}", choices.join(", ")).into(),
            Self::Character => "this contains a character that cannot be part of it".into(),
            Self::Alphabets => {
                "this mixes letters of several alphabets; please write it as in your identity card"
                    .into()
            }
            Self::DateOfBirth => "this day cannot be a date of birth".into(),
            Self::Key { least, most } => format!(
                "one random key of {least} to {most} visible ASCII characters is expected, such as a UUID"
            )
            .into(),
            Self::Unwanted => "this is not asked for here; please leave it out".into(),
            Self::Exclusive => "please give either this or the other fields".into(),
            Self::Refused => "it was refused because of this".into(),
            Self::Origin => "pages of this origin may only read what is public, without a token; whoever runs the API can allow more".into(),
            Self::NotJson => "this is not JSON".into(),
            Self::Incomplete => "the body did not arrive completely".into(),
            Self::Invalid => "this cannot be read".into(),
        }
    }

    fn german(&self) -> Cow<'static, str> {
        match self {
            Self::Missing => "dieses Feld fehlt".into(),
            Self::Unknown => "dieses Feld gibt es nicht".into(),
            Self::Twice => "dieses Feld ist doppelt".into(),
            Self::Repeated => "das ist dasselbe wie ein früherer Eintrag".into(),
            Self::WrongType(kind) => format!("hier wird {} erwartet", kind.german()).into(),
            Self::Empty => "bitte ausfüllen".into(),
            Self::TooShort(least) => format!("mindestens {least} Zeichen").into(),
            Self::TooLong(most) => format!("höchstens {most} Zeichen").into(),
            Self::TooFew(least) => format!("mindestens {least} Einträge").into(),
            Self::TooMany(most) => format!("höchstens {most} Einträge").into(),
            Self::OutOfRange { least, most } => {
                format!("erwartet wird eine Zahl von {least} bis {most}").into()
            }
            Self::Sum(sum) => format!("zusammen müssen es {sum} sein").into(),
            Self::Over => "das ist schon gewesen und lässt sich nicht ändern".into(),
            Self::TooEarly => "das liegt in der Vergangenheit".into(),
            Self::TooLate => "das liegt nicht vor dem Ende".into(),
            Self::Order => "das ist nicht in der Reihenfolge mit den anderen daneben; bitte diese mit ändern".into(),
            Self::Form(form) => format!("erwartet in der Form {}", form.german()).into(),
            Self::NoChoice(choices) => {
                format!("erwartet wird eine der Angaben {}", choices.join(", ")).into()
            }
            Self::Character => "darin ist ein Zeichen, das nicht dazugehören kann".into(),
            Self::Alphabets => {
                "darin sind Buchstaben mehrerer Alphabete gemischt; bitte wie im Ausweis schreiben"
                    .into()
            }
            Self::DateOfBirth => "dieser Tag kann kein Geburtsdatum sein".into(),
            Self::Key { least, most } => format!(
                "erwartet wird ein zufälliger Schlüssel aus {least} bis {most} sichtbaren ASCII-Zeichen, etwa eine UUID"
            )
            .into(),
            Self::Unwanted => "danach wird hier nicht gefragt; bitte weglassen".into(),
            Self::Exclusive => "bitte entweder dies oder die anderen Felder angeben".into(),
            Self::Refused => "deswegen wurde abgelehnt".into(),
            Self::Origin => "Seiten dieser Herkunft dürfen nur lesen, was öffentlich ist, ohne Token; wer die API betreibt, kann mehr erlauben".into(),
            Self::NotJson => "das ist kein JSON".into(),
            Self::Incomplete => "der Inhalt kam nicht vollständig an".into(),
            Self::Invalid => "das lässt sich nicht lesen".into(),
        }
    }
}

impl Kind {
    const fn english(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    const fn german(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Integer => "eine ganze Zahl",
            Self::Number => "eine Zahl",
            Self::Boolean => "true oder false",
            Self::List => "eine Liste",
            Self::Object => "ein Objekt",
        }
    }
}

impl Form {
    fn english(&self) -> &str {
        match self {
            Self::Date => "YYYY-MM-DD",
            Self::Email => "name@example.org",
            Self::Instant => "2021-06-14T08:00:00+02:00",
            Self::Like(example) => example,
        }
    }

    fn german(&self) -> &str {
        match self {
            Self::Date => "JJJJ-MM-TT",
            Self::Email | Self::Instant | Self::Like(_) => self.english(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_mistake_has_its_own_name_and_a_text_in_both_languages() {
        let examples = Mistake::examples();
        let names: BTreeSet<&str> = examples.iter().map(Mistake::name).collect();
        assert_eq!(names.len(), examples.len(), "{names:?}");
        for mistake in examples {
            let (en, de) = (mistake.text(Language::En), mistake.text(Language::De));
            assert_ne!(en, de, "{} is translated", mistake.name());
            assert!(!en.is_empty() && !de.is_empty() && !en.ends_with('.') && !de.ends_with('.'));
        }
    }

    #[test]
    fn a_form_is_written_as_the_reader_writes_it() {
        let date = Mistake::Form(Form::Date);
        assert_eq!(date.text(Language::En), "expected in the form YYYY-MM-DD");
        assert_eq!(date.text(Language::De), "erwartet in der Form JJJJ-MM-TT");
        let like = Mistake::Form(Form::Like("67346".into()));
        assert_eq!(like.text(Language::De), "erwartet in der Form 67346");
    }
}
