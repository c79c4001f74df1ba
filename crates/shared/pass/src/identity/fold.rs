//! When two ways of writing a name or an address are the same one.
//!
//! Permissive on purpose: whoever is taken for somebody else with nearly the same name and the same
//! birthday shares a chance with them; whoever can pass for two people has two chances.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_script::{Script, UnicodeScript};

use super::titles::without_titles;

/// A name reduced to what identifies it: two spellings of one name give the same text, which is
/// never meant for people. Empty if the name has no letter.
///
/// Version 2: the compatibility decomposition (NFKD), in lower case, without titles, accents,
/// invisible characters, apostrophes that count as letters and everything else that is no letter;
/// letters that look like a Latin one or are written with two are that one or those two; and an `e`
/// after `a`, `o` or `u` is dropped, so that `ü`, `ue` and `u` are the same. Applying it twice changes
/// nothing. O(length).
///
/// Version 1 knew neither titles nor those apostrophes, nor the rarer letters with a stroke or a hook.
/// Every other name folds as it did.
#[must_use]
pub fn fold(name: &str) -> String {
    let words = words(name);
    let mut folded = String::with_capacity(name.len());
    for letter in without_titles(&words).into_iter().flat_map(|word| word.chars()) {
        let is_umlaut = letter == 'e' && folded.ends_with(['a', 'o', 'u']);
        if !is_umlaut {
            folded.push(letter);
        }
    }
    folded
}

/// The words of a name: runs of letters, each letter in its one form.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let visible = |c: &char| canonical_combining_class(*c) == 0 && !is_invisible(*c);
    for c in name.nfkd().flat_map(char::to_lowercase).filter(visible) {
        // An apostrophe can count as a letter, but is one of no script.
        let is_letter =
            c.is_alphabetic() && !matches!(c.script(), Script::Common | Script::Inherited);
        match words.last_mut() {
            Some(word) if is_letter => word.push_str(latin(c, &mut [0; 4])),
            Some(word) if word.is_empty() => {}
            Some(_) | None => words.push(String::new()),
        }
    }
    words
}

/// Both names as one ring of letters, cut where it is alphabetically first. So exchanging the two,
/// or moving a part of one into the other, changes nothing. O(length).
#[must_use]
pub fn same_name(given_name: &str, family_name: &str) -> String {
    // Folded as one, so that a title is one in whichever field it stands alone.
    let mut ring: Vec<char> = fold(&format!("{given_name} {family_name}")).chars().collect();
    // Read from a letter that is never dropped, so that it does not matter where the seams are.
    let start = ring.iter().position(|&letter| letter != 'e').unwrap_or_default();
    ring.rotate_left(start);
    let mut ring: Vec<char> = fold(&ring.iter().collect::<String>()).chars().collect();
    let cut = least_rotation(&ring);
    ring.rotate_left(cut);
    ring.into_iter().collect()
}

/// An e-mail address reduced to the mailbox: in lower case, without invisible characters and
/// spaces, without what follows a `+` in the local part (RFC 5233), the domain in ASCII (RFC 5891)
/// where that is possible. O(length).
///
/// Providers have further rules, such as ignoring dots, which are not known here.
#[must_use]
pub fn fold_email(address: &str) -> String {
    let visible = |c: &char| !is_invisible(*c) && !c.is_whitespace();
    let text: String = address.nfkc().filter(visible).flat_map(char::to_lowercase).nfkc().collect();
    let Some((local, domain)) = text.rsplit_once('@') else { return text };
    let mailbox = match local.split_once('+') {
        Some((mailbox, _)) if !mailbox.is_empty() => mailbox,
        Some(_) | None => local,
    };
    let domain = idna::domain_to_ascii(domain).map_or(Cow::Borrowed(domain), Cow::Owned);
    format!("{mailbox}@{}", domain.trim_end_matches('.'))
}

/// Where the alphabetically first rotation begins: two candidates are compared, and the one that
/// loses is put behind the letters compared, as none of those can be a beginning.
fn least_rotation(letters: &[char]) -> usize {
    let length = letters.len();
    let at = |place: usize| letters[place % length];
    let (mut best, mut other, mut same) = (0, 1, 0);
    while best < length && other < length && same < length {
        match at(best + same).cmp(&at(other + same)) {
            std::cmp::Ordering::Equal => {
                same += 1;
                continue;
            }
            std::cmp::Ordering::Greater => best += same + 1,
            std::cmp::Ordering::Less => other += same + 1,
        }
        if best == other {
            other += 1;
        }
        same = 0;
    }
    best.min(other)
}

/// Letters that NFKD leaves whole although they are written with two, that have a second form, or
/// that look like a Latin letter in at least one case.
fn latin(letter: char, buffer: &mut [u8; 4]) -> &str {
    match letter {
        'ß' => "ss",
        'æ' | 'ӕ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' | 'о' | 'ο' => "o",
        'ł' | 'ӏ' => "l",
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'ħ' | 'н' | 'η' | 'һ' => "h",
        'ŋ' | 'ν' | 'ɲ' => "n",
        'ı' | 'і' | 'ι' | 'ɨ' | 'ɩ' => "i",
        'а' | 'α' => "a",
        'в' | 'β' | 'ɓ' => "b",
        'с' => "c",
        'е' | 'ε' | 'ҽ' => "e",
        'ƒ' => "f",
        'ɍ' => "r",
        'ʉ' => "u",
        'ј' => "j",
        'к' | 'κ' | 'ƙ' => "k",
        'м' | 'μ' => "m",
        'р' | 'ρ' => "p",
        'ѕ' => "s",
        'ς' => "σ",
        'т' | 'τ' | 'ŧ' => "t",
        'у' | 'υ' | 'ү' | 'ƴ' => "y",
        'х' | 'χ' => "x",
        'ζ' => "z",
        _ => letter.encode_utf8(buffer),
    }
}

/// The control characters, and those that Unicode says may be ignored when nothing can be shown for
/// them (`Default_Ignorable_Code_Point`): some of them count as letters.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
