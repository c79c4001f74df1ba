//! What the room stands in front of, where that is another system than the booking API: the table `[guard]`.

use std::str::FromStr;

use url::Url;

use crate::limits;
use crate::reader::{Keys, Section};

const GUARD_KEYS: &Keys = &[
    ("protects", "protects = [\"https://shop.example\"]"),
    ("waiting_page", "waiting_page = \"https://shop.example/warten\""),
    ("fail", "fail = \"closed\""),
];

/// How the room guards another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The origins of what it guards, as a browser writes them: people are led back there and nowhere else.
    pub protects: Vec<String>,
    /// Where people wait: an address, or an absolute path of the guarded host.
    pub waiting_page: Option<String>,
    /// What happens to requests while nobody can be let in.
    pub fail: FailMode,
}

/// What happens to requests while nobody can be let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailMode {
    /// They are refused.
    #[default]
    Closed,
    /// They go on without a pass.
    Open,
}

impl FromStr for FailMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "closed" => Ok(Self::Closed),
            "open" => Ok(Self::Open),
            _ => Err("must be \"closed\" or \"open\""),
        }
    }
}

/// An origin as a browser writes it (RFC 6454, section 6.2).
struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origin = Url::parse(text).map(|url| url.origin().ascii_serialization());
        match origin {
            Ok(origin) if origin == text && origin.starts_with("http") => Ok(Self(origin)),
            Ok(origin) if origin.starts_with("http") => {
                Err(format!("an origin is scheme, host and port alone: {origin}"))
            }
            Ok(_) | Err(_) => Err("is no origin of a web site".into()),
        }
    }
}

/// Where a browser can be sent: a whole address, or a path on the same host.
struct Page(String);

impl FromStr for Page {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let url = Url::parse(text).ok().filter(|url| ["https", "http"].contains(&url.scheme()));
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\".contains(&byte));
        if text.len() > limits::ADDRESS_LENGTH_MAX {
            Err("is too long; shorten it")
        } else if is_plain && (is_path || url.is_some()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(
                "must begin with https:// or http://, or be a path that begins with one /, without \
                 a fragment; what is not ASCII is written with %",
            )
        }
    }
}

/// Reads `[guard]`; the inner `None` is a room that guards nothing but the booking API.
#[expect(clippy::option_option, reason = "the outer `None` is a table that cannot be read")]
pub(crate) fn read(file: &Section<'_>) -> Option<Option<Guard>> {
    let Some(field) = file.optional("guard") else { return Some(None) };
    let section = field.section(GUARD_KEYS)?;
    let origins = section.required("protects").and_then(|field| {
        let origins =
            field.list(limits::ORIGINS)?.into_iter().map(|entry| entry.parsed::<Origin>());
        // Every wrong one is named.
        let origins: Vec<_> = origins.collect();
        origins.into_iter().map(|origin| Some(origin?.0)).collect::<Option<Vec<_>>>()
    });
    let waiting_page = match section.optional("waiting_page") {
        Some(field) => field.parsed::<Page>().map(|page| Some(page.0)),
        None => Some(None),
    };
    let fail = match section.optional("fail") {
        Some(field) => field.parsed::<FailMode>(),
        None => Some(FailMode::default()),
    };
    Some(Some(Guard { protects: origins?, waiting_page: waiting_page?, fail: fail? }))
}
