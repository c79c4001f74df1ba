//! The language of texts that people read.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

/// A language the services speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, which is also the answer to every language that is not spoken here.
    #[default]
    En,
    /// German.
    De,
}

impl Language {
    /// The language a client prefers (RFC 9110, section 12.5.4). Of two with the same weight, the
    /// one named first.
    #[must_use]
    pub fn preferred(headers: &HeaderMap) -> Self {
        let ranges = headers
            .get_all(ACCEPT_LANGUAGE)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(weighted);
        let mut best = (Self::default(), 0);
        for (language, weight) in ranges {
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    /// The language tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

/// The language of one range, if it is spoken here, and its weight in thousandths.
fn weighted(range: &str) -> Option<(Language, u16)> {
    let mut parts = range.split(';');
    let tag = parts.next()?.trim();
    let primary = tag.split('-').next()?;
    let language = if primary.eq_ignore_ascii_case("de") {
        Language::De
    } else if primary.eq_ignore_ascii_case("en") || primary == "*" {
        Language::En
    } else {
        return None;
    };
    let weight = parts
        .find_map(|parameter| parameter.trim().strip_prefix("q="))
        .map_or(Some(1_000), thousandths)?;
    Some((language, weight))
}

/// Reads `0.8` as 800.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u16 = whole.parse().ok()?;
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    Some((whole.min(1) * 1_000 + fraction).min(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn preferred(value: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(value).expect("a header value"));
        Language::preferred(&headers)
    }

    #[test]
    fn the_preferred_language_wins() {
        let german =
            ["de", "DE-at", "de-DE,de;q=0.9,en;q=0.8", "fr, de;q=0.5", "en;q=0.8, de;q=0.85"];
        let english =
            ["en", "en-GB,de;q=0.9", "fr", "*", "", "en,de", "de;q=0, en;q=0.1", "de;q=x", "deu"];
        for value in german {
            assert_eq!(preferred(value), Language::De, "{value}");
        }
        for value in english {
            assert_eq!(preferred(value), Language::En, "{value}");
        }
        assert_eq!(Language::preferred(&HeaderMap::new()), Language::En);
    }
}
