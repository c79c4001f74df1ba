//! When two ways of writing a name or an address are the same one.
//!
//! Permissive on purpose: whoever is taken for somebody else with nearly the same name and the same
//! birthday shares a chance with them; whoever can pass for two people has two chances.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// A name reduced to what identifies it: two spellings of one name give the same text, which is
/// never meant for people. Empty if the name has no letter.
///
/// Version 1, part of `"einlass identity v1"`: the compatibility decomposition (NFKD), in lower case,
/// without accents, invisible characters and everything else that is no letter; letters that look
/// like a Latin one or are written with two are that one or those two; and an `e` after `a`, `o` or
/// `u` is dropped, so that `ü`, `ue` and `u` are the same. Applying it twice changes nothing.
/// O(length).
#[must_use]
pub fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    let letters = name
        .nfkd()
        .flat_map(char::to_lowercase)
        .filter(|&c| canonical_combining_class(c) == 0 && !is_invisible(c) && c.is_alphabetic());
    for letter in letters {
        let buffer = &mut [0; 4];
        for latin in latin(letter, buffer).chars() {
            let is_umlaut = latin == 'e' && folded.ends_with(['a', 'o', 'u']);
            if !is_umlaut {
                folded.push(latin);
            }
        }
    }
    folded
}

/// Both names as one ring of letters, cut where it is alphabetically first. So exchanging the two,
/// or moving a part of one into the other, changes nothing. O(length).
#[must_use]
pub fn same_name(given_name: &str, family_name: &str) -> String {
    let mut ring: Vec<char> = fold(given_name).chars().chain(fold(family_name).chars()).collect();
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
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' | 'о' | 'ο' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' | 'н' | 'η' => "h",
        'ŋ' | 'ν' => "n",
        'ı' | 'і' | 'ι' => "i",
        'а' | 'α' => "a",
        'в' | 'β' => "b",
        'с' => "c",
        'е' | 'ε' => "e",
        'ј' => "j",
        'к' | 'κ' => "k",
        'м' | 'μ' => "m",
        'р' | 'ρ' => "p",
        'ѕ' => "s",
        'ς' => "σ",
        'т' | 'τ' => "t",
        'у' | 'υ' => "y",
        'х' | 'χ' => "x",
        'ζ' => "z",
        _ => letter.encode_utf8(buffer),
    }
}

/// The control characters, and those that Unicode says may be ignored when nothing can be shown for
/// them (`Default_Ignorable_Code_Point`): some of them count as letters.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
