//! The ticket: the state of one entry, held by the citizen and signed by the room.
//!
//! ```text
//! byte  0        1       2      6      14    18          26   42      43       …
//!       version  key id  epoch  entry  AGS   issued at   id   length  room     16 bytes of HMAC
//! ```
//!
//! Integers are big-endian, `issued at` is in milliseconds. The tag is HMAC-SHA-256 truncated to 128
//! bits (RFC 2104 section 5) over everything before it; the whole is base64url without padding
//! (RFC 4648). The server stores nothing per ticket.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Ags, Timestamp};
use pass::PassId;

use crate::settings::RoomId;

const VERSION: u8 = 1;
const TAG_LENGTH: usize = 16;
const FIXED_LENGTH: usize = 43;
const LENGTH_MAX: usize = FIXED_LENGTH + RoomId::LENGTH_MAX + TAG_LENGTH;

/// One entry in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The room it was issued for.
    pub room: RoomId,
    /// The epoch of the store that issued the entry.
    pub epoch: u32,
    /// The running number of the arrival.
    pub entry: u64,
    /// The municipality the citizen declared.
    pub ags: Ags,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// The id of the one pass it can be redeemed for, chosen at random.
    pub id: PassId,
}

/// The text is not a valid ticket of this room. Deliberately says no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid ticket of this room")]
pub struct TicketInvalid;

/// The keys that sign tickets: one signs, all verify, so a key can be replaced while people wait.
#[derive(Clone)]
pub struct TicketKeys {
    current: u8,
    keys: BTreeMap<u8, hmac::Key>,
}

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketKeys(current {}, {} in all)", self.current, self.keys.len())
    }
}

impl TicketKeys {
    /// Signs with key number `current`.
    #[must_use]
    pub fn new(current: u8, key: &[u8; 32]) -> Self {
        let keys = BTreeMap::from([(current, hmac::Key::new(hmac::HMAC_SHA256, key))]);
        Self { current, keys }
    }

    /// Also accepts tickets signed with key number `id`.
    #[must_use]
    pub fn accepting(mut self, id: u8, key: &[u8; 32]) -> Self {
        self.keys.entry(id).or_insert_with(|| hmac::Key::new(hmac::HMAC_SHA256, key));
        self
    }

    /// Signs `ticket`.
    ///
    /// # Panics
    /// Never: a room's name fits into one byte of length, and the current key is one of the keys.
    #[must_use]
    pub fn issue(&self, ticket: &Ticket) -> String {
        let room = ticket.room.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(FIXED_LENGTH + room.len() + TAG_LENGTH);
        bytes.extend([VERSION, self.current]);
        bytes.extend(ticket.epoch.to_be_bytes());
        bytes.extend(ticket.entry.to_be_bytes());
        bytes.extend(ticket.ags.number().to_be_bytes());
        bytes.extend(ticket.issued_at.unix_ms().to_be_bytes());
        bytes.extend(ticket.id.as_bytes());
        bytes.push(u8::try_from(room.len()).expect("a slug is short"));
        bytes.extend(room);
        let tag = hmac::sign(&self.keys[&self.current], &bytes);
        bytes.extend(&tag.as_ref()[..TAG_LENGTH]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a ticket of `room`. Costs one HMAC and no allocation beyond the room's name.
    pub fn verify(&self, text: &str, room: &RoomId) -> Result<Ticket, TicketInvalid> {
        let mut buffer = [0; LENGTH_MAX + 2];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).map_err(|_| TicketInvalid)?;
        let (signed, tag) =
            buffer[..length].split_last_chunk::<TAG_LENGTH>().ok_or(TicketInvalid)?;
        let [VERSION, key_id, fields @ ..] = signed else { return Err(TicketInvalid) };
        let key = self.keys.get(key_id).ok_or(TicketInvalid)?;
        let expected = hmac::sign(key, signed);
        constant_time::verify_slices_are_equal(&expected.as_ref()[..TAG_LENGTH], tag)
            .map_err(|_| TicketInvalid)?;
        parse(fields, room).ok_or(TicketInvalid)
    }
}

fn parse(fields: &[u8], room: &RoomId) -> Option<Ticket> {
    let (epoch, rest) = fields.split_first_chunk()?;
    let (entry, rest) = rest.split_first_chunk()?;
    let (ags, rest) = rest.split_first_chunk()?;
    let (issued_at, rest) = rest.split_first_chunk()?;
    let (id, rest) = rest.split_first_chunk()?;
    let (&length, name) = rest.split_first()?;
    (usize::from(length) == name.len() && name == room.as_str().as_bytes()).then_some(())?;
    Some(Ticket {
        room: room.clone(),
        epoch: u32::from_be_bytes(*epoch),
        entry: u64::from_be_bytes(*entry),
        ags: Ags::from_number(u32::from_be_bytes(*ags))?,
        issued_at: Timestamp::from_unix_ms(i64::from_be_bytes(*issued_at)),
        id: PassId::from_bytes(*id),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            room: "speyer-2021-06-20".parse().expect("slug"),
            epoch: 1,
            entry: 4_711,
            ags: "07318000".parse().expect("ags"),
            issued_at: Timestamp::from_unix_ms(1_623_650_400_123),
            id: PassId::from_bytes([9; 16]),
        }
    }

    #[test]
    fn a_ticket_reads_back_what_was_issued() {
        let keys = TicketKeys::new(1, &[1; 32]);
        let text = keys.issue(&ticket());
        assert_eq!(keys.verify(&text, &ticket().room), Ok(ticket()));
        assert!(text.len() <= 104, "{} characters", text.len());
    }

    #[test]
    fn a_replaced_key_still_verifies() {
        let old = TicketKeys::new(1, &[1; 32]);
        let new = TicketKeys::new(2, &[2; 32]).accepting(1, &[1; 32]);
        assert_eq!(new.verify(&old.issue(&ticket()), &ticket().room), Ok(ticket()));
        assert_eq!(old.verify(&new.issue(&ticket()), &ticket().room), Err(TicketInvalid));
    }

    #[test]
    fn a_ticket_of_another_room_or_key_is_refused() {
        let keys = TicketKeys::new(1, &[1; 32]);
        let text = keys.issue(&ticket());
        let other = "speyer-2021-06-21".parse().expect("slug");
        assert_eq!(keys.verify(&text, &other), Err(TicketInvalid));
        assert_eq!(TicketKeys::new(1, &[2; 32]).verify(&text, &ticket().room), Err(TicketInvalid));
        for text in ["", "AQ", "not base64!", &"A".repeat(500)] {
            assert_eq!(keys.verify(text, &ticket().room), Err(TicketInvalid), "{text}");
        }
    }

    proptest! {
        /// Changing any character of a ticket makes it invalid.
        #[test]
        fn a_changed_ticket_is_refused(position in 0_usize..100, character in "[A-Za-z0-9_-]") {
            let keys = TicketKeys::new(1, &[1; 32]);
            let text = keys.issue(&ticket());
            let position = position % text.len();
            let mut changed = text.clone();
            changed.replace_range(position..=position, &character);
            let verified = keys.verify(&changed, &ticket().room);
            prop_assert_eq!(verified.is_ok(), changed == text);
        }
    }
}
