//! What a line of the catalogue has, and what follows from a code alone.

use actix_web::http::StatusCode;

use super::{CATALOGUE, Code};
use crate::language::Language;

/// Makes of a list of problems the codes and their entries.
macro_rules! catalogue {
    ($($code:ident $name:literal $status:ident {
        en: $en_title:literal, $en_detail:literal;
        de: $de_title:literal, $de_detail:literal;
    })+) => {
        /// What can be the matter. Clients decide on the code; texts may change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`: ", $en_title, ".")] $code,)+
        }

        /// Every problem there is, in the order of status and code.
        pub const CATALOGUE: &[Entry] = &[
            $(Entry {
                code: Code::$code,
                name: $name,
                type_uri: concat!("/problems/", $name),
                link: concat!("</problems/", $name, ">; rel=\"describedby\""),
                status: StatusCode::$status,
                en: Text { title: $en_title, detail: $en_detail },
                de: Text { title: $de_title, detail: $de_detail },
            },)+
        ];
    };
}

/// Title and detail of a problem in one language. The detail says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// What is the matter, in one short sentence without full stop.
    pub title: &'static str,
    /// What the reader can do about it.
    pub detail: &'static str,
}

/// One line of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// The code as it is written in JSON and in the `type` URI.
    pub name: &'static str,
    /// The `type` URI: where [`crate::problem_page`] explains the problem, on the service that answers.
    pub type_uri: &'static str,
    /// The same as a `Link` header (RFC 8288).
    pub link: &'static str,
    /// The status of the response.
    pub status: StatusCode,
    /// English.
    pub en: Text,
    /// German.
    pub de: Text,
}

impl Code {
    /// The catalogue's line for this code.
    #[must_use]
    pub const fn entry(self) -> &'static Entry {
        // The macro writes the enum and the table in the same order.
        &CATALOGUE[self as usize]
    }

    /// The code as it is written in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.entry().name
    }

    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.entry().status
    }

    /// Whether the response always says when to try again.
    #[must_use]
    pub fn tells_when_to_retry(self) -> bool {
        let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        busy.contains(&self.status())
            || [Self::NotYourTurn, Self::RequestInProgress].contains(&self)
    }

    /// The `type` URI.
    #[must_use]
    pub const fn type_uri(self) -> &'static str {
        self.entry().type_uri
    }
}

impl Entry {
    /// The texts in one language.
    #[must_use]
    pub const fn text(&self, language: Language) -> Text {
        match language {
            Language::En => self.en,
            Language::De => self.de,
        }
    }
}
