//! What is wrong with what somebody typed in. Rules find it, HTTP tells it.

/// What is wrong with a field. It never repeats what was typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// Too long.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A control character or the like.
    #[error("has a character that cannot be part of it")]
    Character,
    /// Letters of several alphabets: one that looks like another would make a second person.
    #[error("mixes letters of several alphabets")]
    Alphabets,
    /// Not of the expected form.
    #[error("is not of the form {0}")]
    Form(&'static str),
    /// No date of birth of anybody alive.
    #[error("is in the future or too long ago")]
    Implausible,
}

/// The form of a date of birth.
pub const DATE: &str = "YYYY-MM-DD";
/// The form of an e-mail address.
pub const EMAIL: &str = "name@example.org";
