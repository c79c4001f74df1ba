//! `[[personal_data]]`: the master keys, which wrap the keys that seal personal data.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking_db::{MasterKey, MasterKeys};
use kernel::Entropy;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Secret;

/// One master key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    id: u8,
    key: Secret,
}

/// The text of an entry with a new key.
pub(super) fn entry(id: u8, entropy: &dyn Entropy) -> Zeroizing<String> {
    let key = Zeroizing::new(entropy.bytes::<32>());
    let key = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.as_slice()));
    Zeroizing::new(format!("[[personal_data]]\nid = {id}\nkey = \"{}\"\n", *key))
}

/// The lowest id that no entry has.
pub(super) fn free_id(entries: &[Entry]) -> Option<u8> {
    (1..=u8::MAX).find(|id| entries.iter().all(|entry| entry.id != *id))
}

/// The master keys of a key file. One that was written before there were any goes on with the key that is derived from
/// `[person]`; one that has been given entries since can still unwrap what that one has wrapped.
pub(super) fn master_keys(entries: &[Entry], person: &Secret) -> Result<MasterKeys, String> {
    let refuse = |why: &str| format!("[[personal_data]]: {why}");
    if entries.iter().any(|entry| entry.id == MasterKey::DERIVED_ID) {
        return Err(refuse(
            "the id 0 is that of the key which is derived from [person]; use 1 to 255",
        ));
    }
    let mut keys: Vec<MasterKey> =
        entries.iter().map(|entry| MasterKey::new(entry.id, &entry.key.0)).collect();
    keys.push(MasterKey::derived(&person.0));
    let mut keys = keys.into_iter();
    let current = keys.next().ok_or_else(|| refuse("there is no key"))?;
    MasterKeys::new(current, keys).map_err(|repeated| {
        refuse(&format!("{repeated}, so one of the keys would be lost; give each key its own"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kernel::SeededEntropy;

    use super::super::{BookingKeys, NewKeys};
    use super::*;

    fn parse(text: &str) -> Result<BookingKeys, String> {
        BookingKeys::parse(text, Path::new("booking.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_without_master_keys_goes_on_with_a_derived_one() {
        let keys = NewKeys::generate(&SeededEntropy::new(1)).booking;
        let start = keys.find("# Seals the keys").expect("there");
        let end = keys.find("# Derives the tokens").expect("there");
        let old = format!("{}{}", &keys[..start], &keys[end..]);
        assert!(!old.contains("personal_data"));
        let master = |text: &str| format!("{:?}", parse(text).expect("valid").personal_data);
        assert_eq!(master(&old), "MasterKeys { current: MasterKey(0), former: [] }");
        assert_eq!(master(&keys), "MasterKeys { current: MasterKey(1), former: [MasterKey(0)] }");
        let second = format!("{}{}", *entry(2, &SeededEntropy::new(2)), *keys);
        assert_eq!(
            master(&second),
            "MasterKeys { current: MasterKey(2), former: [MasterKey(1), MasterKey(0)] }"
        );
    }

    #[test]
    fn an_id_that_cannot_be_is_refused() {
        let keys = NewKeys::generate(&SeededEntropy::new(1)).booking;
        for (id, why) in [(1, "the id 1 is given twice"), (0, "use 1 to 255")] {
            let text = format!("{}{}", *keys, *entry(id, &SeededEntropy::new(2)));
            let refused = parse(&text).err().expect("refused");
            assert!(refused.contains(why) && refused.contains("booking.toml"), "{refused}");
        }
    }
}
