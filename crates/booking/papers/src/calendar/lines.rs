//! Content lines (RFC 5545, section 3.1): escaped, and folded at 75 octets.

use std::fmt::Write as _;

use booking::Language;

/// Octets of a line, without its end.
const OCTETS_MAX: usize = 75;

/// The content lines written so far.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
}

impl Lines {
    /// A property whose value has nothing to escape: a name, a number, an instant.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{value}"));
    }

    /// A property of type `TEXT` (section 3.3.11), in a language.
    pub(super) fn text(&mut self, name: &str, language: Language, value: &str) {
        self.fold(&format!("{name};LANGUAGE={}:{}", language.tag(), escaped(value)));
    }

    /// A property whose value is an e-mail address, as a `mailto` URI (RFC 6068).
    pub(super) fn address(&mut self, name: &str, address: &str) {
        self.fold(&format!("{name}:mailto:{}", in_uri(address)));
    }

    /// All lines.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Writes one line. What is longer goes on behind a line end and a space, never within a character.
    fn fold(&mut self, line: &str) {
        let mut octets = 0;
        for character in line.chars() {
            if octets + character.len_utf8() > OCTETS_MAX {
                self.text.push_str("\r\n ");
                octets = 1;
            }
            self.text.push(character);
            octets += character.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}

/// A text whose commas and the like mean themselves. Control characters mean nothing in a calendar.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}

fn in_uri(address: &str) -> String {
    let mut uri = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' | b'+' => {
                uri.push(char::from(byte));
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unfolded(text: &str) -> String {
        text.replace("\r\n ", "")
    }

    #[test]
    fn special_characters_mean_themselves() {
        assert_eq!(escaped("a,b;c\\d\r\ne\u{7}"), "a\\,b\\;c\\\\d\\ne");
    }

    #[test]
    fn an_address_cannot_end_its_line() {
        let mut lines = Lines::default();
        lines.address("ORGANIZER", "a b\r\nX:y;z,ü@example.org");
        assert_eq!(
            unfolded(&lines.into_text()),
            "ORGANIZER:mailto:a%20b%0D%0AX%3Ay%3Bz%2C%C3%BC@example.org\r\n"
        );
    }

    #[test]
    fn a_line_of_75_octets_is_whole_and_one_of_76_is_not() {
        for (octets, lines) in [(75, 1), (76, 2), (75 + 74, 2), (75 + 75, 3)] {
            let mut written = Lines::default();
            written.plain("X", &"y".repeat(octets - 2));
            assert_eq!(written.into_text().lines().count(), lines, "{octets}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_nothing_is_lost(text in "\\PC{0,300}") {
            let mut lines = Lines::default();
            lines.text("SUMMARY", Language::De, &text);
            let written = lines.into_text();
            prop_assert!(written.ends_with("\r\n"));
            for line in written.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(line.len() <= OCTETS_MAX, "{} octets", line.len());
            }
            let whole = format!("SUMMARY;LANGUAGE=de:{}\r\n", escaped(&text));
            prop_assert_eq!(unfolded(&written), whole);
        }
    }
}
