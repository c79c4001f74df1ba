//! How a person can be reached.

use std::fmt;

use super::{FieldProblem, Person, PersonField, email, optional, phone};

/// How a person can be reached, checked. `Debug` shows nothing of it (P15).
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    email: Option<String>,
    phone: Option<String>,
}

impl Contact {
    /// Checks what was typed in, as [`Person::parse`] does. Names every field that is wrong.
    pub fn parse(
        email_address: Option<String>,
        phone_number: Option<String>,
    ) -> Result<Self, Vec<(PersonField, FieldProblem)>> {
        let checked = (optional(email_address, email), optional(phone_number, phone));
        match checked {
            (Ok(email), Ok(phone)) => Ok(Self { email, phone }),
            (email, phone) => {
                let email = email.err().map(|problem| (PersonField::Email, problem));
                let phone = phone.err().map(|problem| (PersonField::Phone, problem));
                Err(email.into_iter().chain(phone).collect())
            }
        }
    }

    /// The e-mail address, if one was given.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The telephone number, if one was given.
    #[must_use]
    pub fn phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

impl Person {
    /// The same person, to be reached in this way.
    #[must_use]
    pub fn with_contact(&self, contact: &Contact) -> Self {
        let Contact { email, phone } = contact.clone();
        Self { email, phone, ..self.clone() }
    }
}
