//! A data key, and what it seals.
//!
//! Sealed is base64url of: format (1), version of the data key, nonce (12 bytes), AES-256-GCM of the text with its tag
//! (16 bytes). The text is filled up with blanks, so that its length does not tell who has given a telephone number.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking::{BookingId, WaitlistEntryId};
use kernel::CampaignId;
use zeroize::Zeroizing;

pub(super) const NONCE_LENGTH: usize = 12;
const FORMAT: u8 = 1;
/// The length of a text is a multiple of this.
const BLOCK: usize = 64;

/// The data key of a campaign. `Debug` shows its version only.
pub(crate) struct CampaignKey {
    version: u8,
    key: RandomizedNonceKey,
}

impl fmt::Debug for CampaignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CampaignKey(version {})", self.version)
    }
}

/// Where a sealed text stands. In another row, column, table or campaign it does not open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub table: &'static str,
    pub column: &'static str,
    pub campaign: &'a CampaignId,
    pub row: &'a [u8],
}

impl<'a> Place<'a> {
    /// The person of a booking.
    pub fn of_booking(campaign: &'a CampaignId, booking: &'a BookingId) -> Self {
        Self { table: "booking", column: "person", campaign, row: booking.as_bytes() }
    }

    /// The person of an entry of a waitlist.
    pub fn of_entry(campaign: &'a CampaignId, entry: &'a WaitlistEntryId) -> Self {
        Self { table: "waitlist_entry", column: "person", campaign, row: entry.as_bytes() }
    }

    /// The row comes last: it alone may hold any byte.
    fn bound_to(&self, version: u8) -> Vec<u8> {
        let parts: [&[u8]; 9] = [
            b"einlass sealed v1\0",
            self.table.as_bytes(),
            b"\0",
            self.campaign.as_str().as_bytes(),
            b"\0",
            self.column.as_bytes(),
            b"\0",
            &[version],
            self.row,
        ];
        parts.concat()
    }
}

/// Whether a stored text is sealed: an earlier release stored JSON, and what was erased is `null`.
pub(crate) fn is_sealed(stored: &str) -> bool {
    !is_plain(stored) && stored != "null"
}

/// Whether a stored text is a person in plain JSON, as an earlier release stored it.
pub(crate) fn is_plain(stored: &str) -> bool {
    stored.starts_with("{\"")
}

impl CampaignKey {
    pub(super) fn new(version: u8, key: &[u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key);
        Self { version, key: key.expect("AES-256 takes a key of 32 bytes") }
    }

    /// Seals a JSON text.
    pub fn seal(&self, place: &Place<'_>, json: &str) -> String {
        let length = json.len().next_multiple_of(BLOCK);
        let mut text = Zeroizing::new(Vec::with_capacity(length + AES_256_GCM.tag_len()));
        text.extend_from_slice(json.as_bytes());
        text.resize(length, b' ');
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(place.bound_to(self.version)), &mut *text)
            .expect("AES-GCM takes any text of this length");
        let mut sealed = Vec::with_capacity(2 + NONCE_LENGTH + text.len());
        sealed.extend_from_slice(&[FORMAT, self.version]);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The JSON text, if it was sealed by this key for this place.
    pub fn open(&self, place: &Place<'_>, sealed: &str) -> Option<Zeroizing<String>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (head, rest) = sealed.split_at_mut_checked(2)?;
        let (nonce, text) = rest.split_at_mut_checked(NONCE_LENGTH)?;
        if *head != [FORMAT, self.version] {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let bound = Aad::from(place.bound_to(self.version));
        let opened = self.key.open_in_place(nonce, bound, text).ok()?;
        let json = std::str::from_utf8(opened).ok().map(|json| Zeroizing::new(json.to_owned()));
        zeroize::Zeroize::zeroize(opened);
        json
    }
}
