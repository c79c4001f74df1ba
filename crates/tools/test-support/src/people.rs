//! Names for people who must not be taken for one another.

/// A family name of its own for each number: in letters, because digits are no part of a name.
#[must_use]
pub fn family_name(number: usize) -> String {
    const LETTERS: [char; 10] = ['b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'p'];
    let digit = |digit: u8| LETTERS[usize::from(digit - b'0')];
    format!("Mustermann-{}", number.to_string().bytes().map(digit).collect::<String>())
}
