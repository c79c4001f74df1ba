//! The ticket: the state of one entry, held by the citizen and signed by the room.
//!
//! ```text
//! byte  0        1       2            6      10    11     19   23         31   47       63     …       …
//!       version  key id  incarnation  epoch  lane  entry  AGS  issued at  id   subject  flags  [block]  [pass end]  length  room  16 bytes of HMAC
//! ```
//!
//! Integers are big-endian, `issued at` is in milliseconds. Once its place is drawn a ticket is signed anew with
//! the block it was drawn in: the number of the opening, then for the start and the end of the gathering the time
//! of freezing and the entries of each lane, as variable-length integers (LEB128). So the first tickets that are
//! presented after a total loss restore the draw (P12). It is signed anew as well when its pass is given out, with the
//! end of that in whole seconds: so every instance knows without asking when the pass is used. The tag is HMAC-SHA-256 truncated to 128 bits (RFC 2104
//! section 5) over everything before it; the whole is base64url without padding (RFC 4648). The server stores
//! nothing per ticket.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Ags, Timestamp};
use pass::{PassId, Subject};

use super::block::{Block, NUMBER_LENGTH_MAX, read_number, write_number};
use crate::lane::Lane;
use crate::settings::RoomId;

const VERSION: u8 = 2;
const TAG_LENGTH: usize = 16;
const FIXED_LENGTH: usize = 65;
const LENGTH_MAX: usize =
    FIXED_LENGTH + Block::LENGTH_MAX + NUMBER_LENGTH_MAX + RoomId::LENGTH_MAX + TAG_LENGTH;

const DRAWN: u8 = 1;
const CALLED: u8 = 2;
const LET_IN: u8 = 4;

/// One entry in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The room it was issued for.
    pub room: RoomId,
    /// The line it was issued in; in another it is worth nothing.
    pub incarnation: u32,
    /// The epoch of the store that issued the entry.
    pub epoch: u32,
    /// The lane it stands in.
    pub lane: Lane,
    /// The running number of the arrival in its lane.
    pub entry: u64,
    /// The municipality the citizen declared.
    pub ags: Ags,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its own id, chosen at random.
    pub id: [u8; 16],
    /// Who it stands for; its own id where the room asks for no identity.
    pub subject: Subject,
    /// The block in which its place was drawn, once that is known.
    pub block: Option<Block>,
    /// Whether its holder was told to be called.
    pub is_called: bool,
    /// When the pass of its subject ends, if its holder was given one. Whole seconds.
    pub pass_ends_at: Option<Timestamp>,
}

impl Ticket {
    /// The one pass that its subject can get (P9).
    #[must_use]
    pub fn pass_id(&self) -> PassId {
        PassId::of(&self.room, self.incarnation, &self.subject)
    }
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

    /// Also accepts tickets signed with key number `id`; `None` if there is a key of that number, since
    /// one of the two would be dropped and its tickets with it.
    #[must_use]
    pub fn accepting(mut self, id: u8, key: &[u8; 32]) -> Option<Self> {
        let known = self.keys.insert(id, hmac::Key::new(hmac::HMAC_SHA256, key));
        known.is_none().then_some(self)
    }

    /// Signs `ticket`.
    ///
    /// # Panics
    /// Never: a room's name fits into one byte of length, and the current key is one of the keys.
    #[must_use]
    pub fn issue(&self, ticket: &Ticket) -> String {
        let room = ticket.room.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(LENGTH_MAX);
        bytes.extend([VERSION, self.current]);
        bytes.extend(ticket.incarnation.to_be_bytes());
        bytes.extend(ticket.epoch.to_be_bytes());
        bytes.push(ticket.lane.number());
        bytes.extend(ticket.entry.to_be_bytes());
        bytes.extend(ticket.ags.number().to_be_bytes());
        bytes.extend(ticket.issued_at.unix_ms().to_be_bytes());
        bytes.extend(ticket.id);
        bytes.extend(ticket.subject.as_bytes());
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        bytes.push(
            flag(ticket.block.is_some(), DRAWN)
                | flag(ticket.is_called, CALLED)
                | flag(ticket.pass_ends_at.is_some(), LET_IN),
        );
        if let Some(block) = &ticket.block {
            block.write(&mut bytes);
        }
        if let Some(ends_at) = ticket.pass_ends_at {
            write_number(&mut bytes, ends_at.unix_s().cast_unsigned());
        }
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
    let (incarnation, rest) = fields.split_first_chunk()?;
    let (epoch, rest) = rest.split_first_chunk()?;
    let (&lane, rest) = rest.split_first()?;
    let (entry, rest) = rest.split_first_chunk()?;
    let (ags, rest) = rest.split_first_chunk()?;
    let (issued_at, rest) = rest.split_first_chunk()?;
    let (id, rest) = rest.split_first_chunk()?;
    let (subject, rest) = rest.split_first_chunk()?;
    let (&flags, mut rest) = rest.split_first()?;
    let block = if flags & DRAWN == 0 { None } else { Some(Block::read(&mut rest)?) };
    let pass_ends_at = if flags & LET_IN == 0 {
        None
    } else {
        let seconds = i64::try_from(read_number(&mut rest)?).ok()?;
        (seconds <= i64::MAX / 1_000).then_some(())?;
        Some(Timestamp::from_unix_s(seconds))
    };
    let (&length, name) = rest.split_first()?;
    (usize::from(length) == name.len() && name == room.as_str().as_bytes()).then_some(())?;
    Some(Ticket {
        room: room.clone(),
        incarnation: u32::from_be_bytes(*incarnation),
        epoch: u32::from_be_bytes(*epoch),
        lane: Lane::from_number(lane)?,
        entry: u64::from_be_bytes(*entry),
        ags: Ags::from_number(u32::from_be_bytes(*ags))?,
        issued_at: Timestamp::from_unix_ms(i64::from_be_bytes(*issued_at)),
        id: *id,
        subject: Subject::from_bytes(*subject),
        block,
        is_called: flags & CALLED != 0,
        pass_ends_at,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lane::PerLane;
    use crate::memory::Frozen;

    fn ticket() -> Ticket {
        Ticket {
            room: "speyer-2021-06-20".parse().expect("slug"),
            incarnation: 3,
            epoch: 1_623_650_400,
            lane: Lane::Public,
            entry: 4_711,
            ags: "07318000".parse().expect("ags"),
            issued_at: Timestamp::from_unix_ms(1_623_650_400_123),
            id: [9; 16],
            subject: Subject::from_bytes([7; 16]),
            block: None,
            is_called: false,
            pass_ends_at: None,
        }
    }

    fn let_in() -> Ticket {
        Ticket { pass_ends_at: Some(Timestamp::from_unix_s(1_623_651_300)), ..drawn() }
    }

    fn drawn() -> Ticket {
        let frozen = |ms, entries| Frozen { at: Timestamp::from_unix_ms(ms), entries };
        let start = frozen(1_623_646_800_000, PerLane([0, 0, 0]));
        let end = frozen(1_623_650_400_007, PerLane([127_261, 12, u64::MAX]));
        Ticket { block: Some(Block { opening: 3, start, end }), is_called: true, ..ticket() }
    }

    fn keys() -> TicketKeys {
        TicketKeys::new(1, &[1; 32])
    }

    #[test]
    fn a_ticket_reads_back_what_was_issued() {
        let at_once = Ticket { pass_ends_at: let_in().pass_ends_at, ..ticket() };
        for ticket in [ticket(), drawn(), let_in(), at_once] {
            let text = keys().issue(&ticket);
            assert_eq!(keys().verify(&text, &ticket.room), Ok(ticket));
            assert!(text.len() <= 200, "{} characters", text.len());
        }
    }

    #[test]
    fn a_replaced_key_still_verifies() {
        let new = TicketKeys::new(2, &[2; 32]).accepting(1, &[1; 32]).expect("another number");
        assert_eq!(new.verify(&keys().issue(&ticket()), &ticket().room), Ok(ticket()));
        assert_eq!(keys().verify(&new.issue(&ticket()), &ticket().room), Err(TicketInvalid));
        assert!(keys().accepting(1, &[3; 32]).is_none(), "the old key would be dropped");
    }

    #[test]
    fn a_ticket_of_another_room_or_key_is_refused() {
        let text = keys().issue(&ticket());
        let other = "speyer-2021-06-21".parse().expect("slug");
        assert_eq!(keys().verify(&text, &other), Err(TicketInvalid));
        assert_eq!(TicketKeys::new(1, &[2; 32]).verify(&text, &ticket().room), Err(TicketInvalid));
        for text in ["", "AQ", "not base64!", &"A".repeat(500)] {
            assert_eq!(keys().verify(text, &ticket().room), Err(TicketInvalid), "{text}");
        }
    }

    proptest! {
        /// Changing any character of a ticket makes it invalid.
        #[test]
        fn a_changed_ticket_is_refused(position in 0_usize..130, character in "[A-Za-z0-9_-]") {
            for ticket in [ticket(), drawn(), let_in()] {
                let mut text = keys().issue(&ticket);
                prop_assume!(text[position..=position] != character);
                text.replace_range(position..=position, &character);
                prop_assert_eq!(keys().verify(&text, &ticket.room), Err(TicketInvalid));
            }
        }
    }
}
