//! The secret keys: two files, one for each service, so that neither holds what only the other needs.

mod pairs;
mod personal_data;
pub mod rotate;
mod staff;
mod state;
mod waiting_room;
pub mod watch;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking::BookingSecrets;
use booking_db::MasterKeys;
use kernel::private_file::{self, OpenToOthers};
use kernel::{CampaignId, Entropy};
use pass::{IdentityKey, IdentityKind, SignalsCredential, SigningKey};
use serde::Deserialize;
use zeroize::Zeroizing;

pub use self::pairs::KeyFact;
pub use self::staff::{NewStaffKeys, StaffKeyFile, TOKEN_HOURS_MAX};
pub use self::state::KeyState;
pub use self::waiting_room::{FixedKeys, KeyFacts, WaitingRoomKeys};

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read or written.
    #[error("failed to access the key file {path}; `einlass keys generate` makes new ones")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others can read it.
    #[error(transparent)]
    OpenToOthers(OpenToOthers),
    /// It exists, and would be overwritten.
    #[error(
        "{0} exists; existing keys are not overwritten, since tickets and bookings depend on them"
    )]
    Exists(PathBuf),
    /// It is not a key file. The reason never quotes the file.
    #[error("the key file {path} is not valid: {reason}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A campaign needs a key that the file does not have.
    #[error(
        "the key file {path} has no [identity] key, and the campaign {campaign} asks people for it \
         (waiting_room.identity = \"{kind}\"): add the same 32 bytes in base64url to both key files, \
         as `einlass keys generate` writes them"
    )]
    IdentityMissing {
        /// The file.
        path: PathBuf,
        /// The campaign.
        campaign: CampaignId,
        /// What it asks for.
        kind: &'static str,
    },
}

/// 32 secret bytes, written as base64url.
#[derive(Clone)]
struct Secret(Zeroizing<[u8; 32]>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let mut bytes = Zeroizing::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(text.as_bytes(), bytes.as_mut_slice()) {
            Ok(32) => Ok(Self(bytes)),
            _ => Err(serde::de::Error::custom("a key must be 32 bytes in base64url")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookingFile {
    person: KeyEntry,
    #[serde(default)]
    personal_data: Vec<personal_data::Entry>,
    manage: KeyEntry,
    identity: Option<KeyEntry>,
    signals: CredentialEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    key: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    credential: String,
}

/// What the booking API needs.
pub struct BookingKeys {
    /// Blind indexes, manage tokens, and the identity that passes are bound to.
    pub secrets: BookingSecrets,
    /// Wrap the keys that seal personal data.
    pub personal_data: MasterKeys,
    /// Gives for each campaign what is shown to its room when reporting.
    pub signals: SignalsCredential,
}

/// The texts of a new pair of key files.
pub struct NewKeys {
    /// For the waiting room.
    pub waiting_room: Zeroizing<String>,
    /// For the booking API.
    pub booking: Zeroizing<String>,
}

impl NewKeys {
    /// Makes a new pair.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let key = || Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(entropy.bytes::<32>())));
        let pass = SigningKey::generate(entropy).to_pkcs8_pem();
        let (credential, identity) = (key(), key());
        Self {
            waiting_room: Zeroizing::new(format!(
                "# The secret keys of the waiting room. Whoever has them can forge tickets and passes.\n\n\
                 {}[[pass]]\nprivate_key = \"\"\"\n{}\"\"\"\n\n\
                 {}[[ticket]]\nid = 1\nkey = \"{}\"\n\n\
                 # Fixes the secrets of all draws. Do not change it while a campaign runs.\n\
                 [draw]\nkey = \"{}\"\n\n\
                 # Makes of a person what tickets and passes are bound to. The same in both files.\n\
                 [identity]\nkey = \"{}\"\n\n\
                 # What the booking API reports with: `einlass keys signals` gives each campaign its own.\n\
                 [signals]\ncredential = \"{}\"\n",
                rotate::ABOUT_PASS_KEYS,
                *pass,
                rotate::ABOUT_TICKET_KEYS,
                *key(),
                *key(),
                *identity,
                *credential
            )),
            booking: Zeroizing::new(format!(
                "# The secret keys of the booking API.\n\n\
                 # Recognises a person who has booked. With another key, people could book again.\n\
                 [person]\nkey = \"{}\"\n\n\
                 # Seals the keys of personal data. The first key seals; all open. Keep a copy where no copy of the database\n\
                 # is: with another key nobody's name can be read.\n{}\n\
                 # Derives the tokens with which citizens manage their bookings.\n\
                 [manage]\nkey = \"{}\"\n\n\
                 # Recognises whom a pass is bound to. The same in both files.\n\
                 [identity]\nkey = \"{}\"\n\n\
                 # What it reports to the waiting room with. The same in both files.\n\
                 [signals]\ncredential = \"{}\"\n",
                *key(),
                *personal_data::entry(1, entropy),
                *key(),
                *identity,
                *credential
            )),
        }
    }

    /// Writes both files, readable by their owner only. Neither may exist.
    pub fn write(&self, waiting_room: &Path, booking: &Path) -> Result<(), KeysError> {
        for path in [waiting_room, booking] {
            if path.exists() {
                return Err(KeysError::Exists(path.to_owned()));
            }
        }
        write_secret(waiting_room, &self.waiting_room)?;
        write_secret(booking, &self.booking)
    }
}

fn write_secret(path: &Path, text: &str) -> Result<(), KeysError> {
    let failed = |source| KeysError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    private_file::create(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeysError> {
    private_file::require_private(path).map_err(KeysError::OpenToOthers)?;
    let text = fs::read_to_string(path)
        .map_err(|source| KeysError::Io { path: path.to_owned(), source })?;
    Ok(Zeroizing::new(text))
}

/// Says what is wrong without the excerpt that the parser would add: it would show a secret.
fn invalid(path: &Path, error: &toml::de::Error) -> KeysError {
    KeysError::Invalid { path: path.to_owned(), reason: error.message().to_owned() }
}

/// A shorter credential could be guessed, and whoever has it can declare a campaign sold out.
const CREDENTIAL_LENGTH_MIN: usize = 16;

fn credential(entry: &CredentialEntry) -> Result<SignalsCredential, String> {
    if entry.credential.len() < CREDENTIAL_LENGTH_MIN {
        return Err(format!(
            "[signals]: the credential is shorter than {CREDENTIAL_LENGTH_MIN} characters, so it could \
             be guessed"
        ));
    }
    Ok(SignalsCredential::new(&entry.credential))
}

/// Refuses campaigns that ask for identity if the key file at `path` has no key for it: their passes
/// could be bound to nobody, or their binding not be checked.
pub fn require_identity<'a>(
    key: Option<&IdentityKey>,
    path: &Path,
    campaigns: impl IntoIterator<Item = (&'a CampaignId, IdentityKind)>,
) -> Result<(), KeysError> {
    let needs_key = |(_, kind): &(&CampaignId, IdentityKind)| kind.needs_key();
    match (key, campaigns.into_iter().find(needs_key)) {
        (None, Some((campaign, kind))) => Err(KeysError::IdentityMissing {
            path: path.to_owned(),
            campaign: campaign.clone(),
            kind: kind.as_str(),
        }),
        (Some(_), _) | (None, None) => Ok(()),
    }
}

impl BookingKeys {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        Self::parse(&read(path)?, path)
    }

    /// The text of a further entry of `[[personal_data]]` with a new key, for the key file at `path`.
    pub fn new_personal_data(
        path: &Path,
        entropy: &dyn Entropy,
    ) -> Result<Zeroizing<String>, KeysError> {
        let text = read(path)?;
        Self::parse(&text, path)?;
        let file: BookingFile = toml::from_str(&text).map_err(|error| invalid(path, &error))?;
        let reason = "[[personal_data]]: every id from 1 to 255 is in use; take former keys away";
        let id = personal_data::free_id(&file.personal_data).ok_or_else(|| KeysError::Invalid {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })?;
        Ok(personal_data::entry(id, entropy))
    }

    /// Reads the text of a key file; `path` is named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeysError> {
        let file: BookingFile = toml::from_str(text).map_err(|error| invalid(path, &error))?;
        let refuse = |reason: String| KeysError::Invalid { path: path.to_owned(), reason };
        let secrets = BookingSecrets::new(&file.person.key.0, &file.manage.key.0);
        Ok(Self {
            secrets: match &file.identity {
                Some(entry) => secrets.with_identity(IdentityKey::new(&entry.key.0)),
                None => secrets,
            },
            personal_data: personal_data::master_keys(&file.personal_data, &file.person.key)
                .map_err(refuse)?,
            signals: credential(&file.signals).map_err(refuse)?,
        })
    }
}

#[cfg(test)]
mod tests;
