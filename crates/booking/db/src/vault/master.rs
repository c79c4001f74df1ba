//! The master keys: they wrap the data keys, and stand in the key file of the booking API.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, rand};
use kernel::CampaignId;
use zeroize::Zeroizing;

use super::seal::{CampaignKey, NONCE_LENGTH};
use super::{VERSION, Wrapped};

/// One master key. `Debug` shows its id only.
pub struct MasterKey {
    id: u8,
    key: RandomizedNonceKey,
}

/// The master keys of the service: data keys are wrapped by the current one, and unwrapped by any.
#[derive(Debug)]
pub struct MasterKeys {
    current: MasterKey,
    former: Vec<MasterKey>,
}

/// Two master keys have the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id {0} is given twice")]
pub struct RepeatedId(pub u8);

/// Why a data key cannot be unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotUnwrapped {
    /// There is no master key of this id.
    Missing(u8),
    /// The master key of this id is not the one that wrapped it, or the row was damaged.
    Wrong(u8),
}

impl NotUnwrapped {
    /// In words for the log.
    pub fn of(self, campaign: &CampaignId) -> String {
        match self {
            Self::Missing(id) => format!(
                "the personal data of {campaign} need the master key {id}, and the key file has none of this id"
            ),
            Self::Wrong(id) => format!(
                "the personal data of {campaign} cannot be opened: the master key {id} of the key file is \
                 not the one that wrapped their key, or that is damaged"
            ),
        }
    }
}

impl MasterKey {
    /// The id of [`Self::derived`].
    pub const DERIVED_ID: u8 = 0;

    /// The master key of this id.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "every key of 32 bytes is one of AES-256")]
    pub fn new(id: u8, key: &[u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key);
        Self { id, key: key.expect("AES-256 takes a key of 32 bytes") }
    }

    /// The master key of a key file that was written before there were any: HKDF-SHA-256 of the key by which persons
    /// are recognised, under the id 0.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "32 bytes are what one round of HKDF gives")]
    pub fn derived(person_key: &[u8; 32]) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"einlass personal data v1");
        let mut key = Zeroizing::new([0; 32]);
        salt.extract(person_key)
            .expand(&[b"master key"], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .expect("SHA-256 gives 32 bytes");
        Self::new(Self::DERIVED_ID, &key)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKeys {
    /// These master keys, each with an id of its own.
    pub fn new(
        current: MasterKey,
        former: impl IntoIterator<Item = MasterKey>,
    ) -> Result<Self, RepeatedId> {
        let mut keys = Self { current, former: Vec::new() };
        for key in former {
            if keys.all().any(|known| known.id == key.id) {
                return Err(RepeatedId(key.id));
            }
            keys.former.push(key);
        }
        Ok(keys)
    }

    fn all(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(&self.former)
    }

    /// The id of the current one.
    pub(super) fn current_id(&self) -> u8 {
        self.current.id
    }

    /// A new data key, wrapped.
    ///
    /// It and the nonces come from the generator of the cryptographic library, not from a `kernel::Entropy`: that may
    /// be seeded, to repeat a run, and a nonce that is repeated under a key which is stored lays both texts open.
    pub(super) fn wrap_new(&self, campaign: &CampaignId, version: u8) -> Wrapped {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(key.as_mut_slice()).expect("the system gives random bytes");
        self.wrap(campaign, version, &key)
    }

    fn wrap(&self, campaign: &CampaignId, version: u8, key: &[u8; 32]) -> Wrapped {
        let mut sealed = key.to_vec();
        let nonce = self
            .current
            .key
            .seal_in_place_append_tag(Aad::from(bound_to(campaign, version)), &mut sealed)
            .expect("AES-GCM takes any text of this length");
        let bytes = [nonce.as_ref().as_slice(), &sealed].concat();
        Wrapped { version, master: self.current.id, bytes }
    }

    fn unwrap_bytes(
        &self,
        campaign: &CampaignId,
        wrapped: &Wrapped,
    ) -> Result<Zeroizing<[u8; 32]>, NotUnwrapped> {
        let master = self.all().find(|key| key.id == wrapped.master);
        let master = master.ok_or(NotUnwrapped::Missing(wrapped.master))?;
        let open = || {
            let (nonce, sealed) = wrapped.bytes.split_at_checked(NONCE_LENGTH)?;
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = Zeroizing::new(sealed.to_vec());
            let bound = Aad::from(bound_to(campaign, wrapped.version));
            let opened = master.key.open_in_place(nonce, bound, &mut sealed).ok()?;
            <[u8; 32]>::try_from(&*opened).ok().map(Zeroizing::new)
        };
        open().filter(|_| wrapped.version == VERSION).ok_or(NotUnwrapped::Wrong(wrapped.master))
    }

    /// The data key.
    pub(super) fn unwrap(
        &self,
        campaign: &CampaignId,
        wrapped: &Wrapped,
    ) -> Result<CampaignKey, NotUnwrapped> {
        Ok(CampaignKey::new(wrapped.version, &*self.unwrap_bytes(campaign, wrapped)?))
    }

    /// The same data key wrapped by the current master key.
    pub(super) fn rewrap(
        &self,
        campaign: &CampaignId,
        wrapped: &Wrapped,
    ) -> Result<Wrapped, NotUnwrapped> {
        let key = self.unwrap_bytes(campaign, wrapped)?;
        Ok(self.wrap(campaign, wrapped.version, &key))
    }
}

/// A data key is of one campaign: wrapped, it is worth nothing in the row of another.
fn bound_to(campaign: &CampaignId, version: u8) -> Vec<u8> {
    [b"einlass campaign key v1\0", campaign.as_str().as_bytes(), b"\0", &[version]].concat()
}
