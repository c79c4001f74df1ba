//! Ids of requests: taken from the proxy in front or made here.

use std::cell::Cell;
use std::ops::RangeInclusive;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use kernel::Entropy;

/// The header that carries the id in both directions.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LENGTHS: RangeInclusive<usize> = 8..=64;

/// Makes the ids of one worker: a random prefix and a counter, which costs a few nanoseconds
/// instead of the random number a UUID would need per request.
pub(crate) struct RequestIds {
    prefix: [u8; 12],
    count: Cell<u32>,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut prefix = [0; 12];
        write_hex(&entropy.bytes::<6>(), &mut prefix);
        Self { prefix, count: Cell::new(0) }
    }

    /// The id a client or a proxy has given, if it is one, or else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(HEADER) {
            Some(given) if is_request_id(given) => given.clone(),
            Some(_) | None => self.next(),
        }
    }

    pub(crate) fn next(&self) -> HeaderValue {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let mut id = [0; 20];
        id[..12].copy_from_slice(&self.prefix);
        write_hex(&count.to_be_bytes(), &mut id[12..]);
        HeaderValue::from_bytes(&id).expect("hexadecimal digits are a header value")
    }
}

/// Writes two digits for each byte.
fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// An id ends up in logs, in support mails and in command lines: what is longer than any id, or has characters that
/// mean something there, is none.
fn is_request_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    LENGTHS.contains(&bytes.len()) && bytes.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SeededEntropy;

    fn of(given: &[u8]) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(given).expect("a header value"));
        RequestIds::new(&SeededEntropy::new(1)).of(&headers)
    }

    #[test]
    fn made_ids_differ() {
        let ids = RequestIds::new(&SeededEntropy::new(1));
        let (first, second) = (ids.next(), ids.next());
        assert!(first.as_bytes().ends_with(b"00000000"), "{first:?}");
        assert!(second.as_bytes().ends_with(b"00000001"), "{second:?}");
        assert_eq!(first.as_bytes()[..12], second.as_bytes()[..12]);
        let elsewhere = RequestIds::new(&SeededEntropy::new(2));
        assert_ne!(first.as_bytes()[..12], elsewhere.next().as_bytes()[..12]);
    }

    #[test]
    fn a_given_id_is_taken_if_it_looks_like_one() {
        for id in
            ["abc-1234", "8e03978e-40d5-43e8-bc93-6894a57f9324", "Root_1.67891233", &"a".repeat(64)]
        {
            assert_eq!(of(id.as_bytes()), id);
        }
        let long = [b'a'; 65];
        let noise: [&[u8]; 9] = [
            b"",
            b"short",
            b"a b c d e",
            b"a\tbcdefgh",
            b"{\"level\":\"error\"}",
            b"erika@example.org",
            b"$(rm -rf /)",
            b"J\xc3\xb6rgJ\xc3\xb6rg",
            &long,
        ];
        for bad in noise {
            assert_eq!(of(bad).len(), 20, "{bad:?}");
        }
    }
}
