//! The block of a draw as a ticket carries it.

use kernel::Timestamp;

use crate::lane::{Lane, PerLane};
use crate::memory::Frozen;

/// The two frozen boundaries of one opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The number of the opening.
    pub opening: u16,
    /// The start of its gathering.
    pub start: Frozen,
    /// The opening itself.
    pub end: Frozen,
}

/// The most bytes of a 64-bit number.
pub(super) const NUMBER_LENGTH_MAX: usize = 10;

impl Block {
    /// The most bytes a block is written in.
    pub(super) const LENGTH_MAX: usize = (1 + 2 * (1 + Lane::ALL.len())) * NUMBER_LENGTH_MAX;

    /// The numbers of its boundaries.
    #[must_use]
    pub const fn boundaries(&self) -> [(u16, Frozen); 2] {
        [(2 * self.opening, self.start), (2 * self.opening + 1, self.end)]
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        write_number(bytes, self.opening.into());
        for Frozen { at, entries } in [self.start, self.end] {
            write_number(bytes, at.unix_ms().cast_unsigned());
            for (_, count) in entries.iter() {
                write_number(bytes, *count);
            }
        }
    }

    pub(super) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let opening =
            u16::try_from(read_number(bytes)?).ok().filter(|opening| *opening < u16::MAX / 2)?;
        let mut boundary = || {
            let at = Timestamp::from_unix_ms(read_number(bytes)?.cast_signed());
            let mut entries = PerLane::default();
            for lane in Lane::ALL {
                entries[lane] = read_number(bytes)?;
            }
            Some(Frozen { at, entries })
        };
        Some(Self { opening, start: boundary()?, end: boundary()? })
    }
}

pub(super) fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

pub(super) fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..).step_by(7).take(NUMBER_LENGTH_MAX) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
