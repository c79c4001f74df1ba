//! What codes are written in: people read them from a letter or another screen, and type them in.

/// Crockford's base 32: without I, L, O and U, which are taken for others, or make words.
pub(crate) const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The characters of a code as people write it: in small letters, with spaces and hyphens, with an O for a 0 and an I or
/// L for a 1. `None` for one that is in no code.
pub(crate) fn characters(text: &str) -> impl Iterator<Item = Option<u8>> {
    text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')).map(|byte| {
        let character = match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        CROCKFORD.contains(&character).then_some(character)
    })
}
