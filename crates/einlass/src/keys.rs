//! The secret keys: two files, one for each service, so that neither holds what only the other needs.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking::BookingSecrets;
use kernel::Entropy;
use pass::{KeySet, KeySetError, SigningKey, SigningKeyError};
use serde::Deserialize;
use waiting_room::draw::DrawKey;
use waiting_room::ticket::TicketKeys;
use zeroize::Zeroizing;

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
struct WaitingRoomFile {
    pass: Vec<PassKeyEntry>,
    ticket: Vec<TicketKeyEntry>,
    draw: KeyEntry,
    signals: CredentialEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookingFile {
    person: KeyEntry,
    manage: KeyEntry,
    signals: CredentialEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PassKeyEntry {
    private_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketKeyEntry {
    id: u8,
    key: Secret,
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

/// What the waiting room needs.
pub struct WaitingRoomKeys {
    /// Signs passes.
    pub signing_key: SigningKey,
    /// All public keys that passes may be signed with.
    pub public_keys: KeySet,
    /// Sign tickets.
    pub ticket_keys: TicketKeys,
    /// Fixes the secrets of the draws.
    pub draw_key: DrawKey,
    /// What the booking API shows when it reports.
    pub signals_credential: String,
}

/// What the booking API needs.
pub struct BookingKeys {
    /// Blind indexes and manage tokens.
    pub secrets: BookingSecrets,
    /// What it shows to the waiting room when it reports.
    pub signals_credential: String,
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
        let credential = key();
        Self {
            waiting_room: Zeroizing::new(format!(
                "# The secret keys of the waiting room. Whoever has them can forge tickets and passes.\n\n\
                 # The first key signs passes; all are published for verification.\n\
                 [[pass]]\nprivate_key = \"\"\"\n{}\"\"\"\n\n\
                 # The first key signs tickets; all are accepted.\n\
                 [[ticket]]\nid = 1\nkey = \"{}\"\n\n\
                 # Fixes the secrets of all draws. Do not change it while a campaign runs.\n\
                 [draw]\nkey = \"{}\"\n\n\
                 # What the booking API shows when it reports.\n\
                 [signals]\ncredential = \"{}\"\n",
                *pass,
                *key(),
                *key(),
                *credential
            )),
            booking: Zeroizing::new(format!(
                "# The secret keys of the booking API.\n\n\
                 # Recognises a person who has booked. With another key, people could book again.\n\
                 [person]\nkey = \"{}\"\n\n\
                 # Derives the tokens with which citizens manage their bookings.\n\
                 [manage]\nkey = \"{}\"\n\n\
                 # What it shows to the waiting room when it reports.\n\
                 [signals]\ncredential = \"{}\"\n",
                *key(),
                *key(),
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
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(failed)
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeysError> {
    let text = fs::read_to_string(path)
        .map_err(|source| KeysError::Io { path: path.to_owned(), source })?;
    Ok(Zeroizing::new(text))
}

/// Says what is wrong without the excerpt that the parser would add: it would show a secret.
fn invalid(path: &Path, error: &toml::de::Error) -> KeysError {
    KeysError::Invalid { path: path.to_owned(), reason: error.message().to_owned() }
}

impl WaitingRoomKeys {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        Self::parse(&read(path)?, path)
    }

    /// Reads the text of a key file; `path` is named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeysError> {
        let file: WaitingRoomFile = toml::from_str(text).map_err(|error| invalid(path, &error))?;
        let refuse = |reason: String| KeysError::Invalid { path: path.to_owned(), reason };
        let signing_keys: Vec<SigningKey> = file
            .pass
            .iter()
            .map(|entry| SigningKey::from_pkcs8_pem(&entry.private_key))
            .collect::<Result<_, SigningKeyError>>()
            .map_err(|error| refuse(format!("[[pass]]: {error}")))?;
        let public_keys = KeySet::new(signing_keys.iter().map(|key| key.public_key().clone()))
            .map_err(|error: KeySetError| refuse(format!("[[pass]]: {error}")))?;
        let signing_key = signing_keys.into_iter().next();
        let mut tickets = file.ticket.iter();
        let first = tickets.next().ok_or_else(|| refuse("[[ticket]] is missing".into()))?;
        let ticket_keys = tickets.fold(TicketKeys::new(first.id, &first.key.0), |keys, entry| {
            keys.accepting(entry.id, &entry.key.0)
        });
        Ok(Self {
            signing_key: signing_key.ok_or_else(|| refuse("[[pass]] is missing".into()))?,
            public_keys,
            ticket_keys,
            draw_key: DrawKey::new(&file.draw.key.0),
            signals_credential: file.signals.credential,
        })
    }
}

impl BookingKeys {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        Self::parse(&read(path)?, path)
    }

    /// Reads the text of a key file; `path` is named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeysError> {
        let file: BookingFile = toml::from_str(text).map_err(|error| invalid(path, &error))?;
        Ok(Self {
            secrets: BookingSecrets::new(&file.person.key.0, &file.manage.key.0),
            signals_credential: file.signals.credential,
        })
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;

    use super::*;

    #[test]
    fn new_keys_read_back_and_fit_together() {
        let folder = tempfile::tempdir().expect("folder");
        let (room, booking) =
            (folder.path().join("k/room.toml"), folder.path().join("k/booking.toml"));
        let keys = NewKeys::generate(&SeededEntropy::new(1));
        keys.write(&room, &booking).expect("written");
        let (room_keys, booking_keys) = (
            WaitingRoomKeys::read(&room).expect("valid"),
            BookingKeys::read(&booking).expect("valid"),
        );
        assert_eq!(room_keys.signals_credential, booking_keys.signals_credential);
        assert_eq!(room_keys.public_keys.len(), 1);
        assert!(matches!(keys.write(&room, &booking), Err(KeysError::Exists(_))));
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(&room).expect("file").permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_spoiled_key_file_is_refused_without_showing_it() {
        let keys = NewKeys::generate(&SeededEntropy::new(1));
        let path = Path::new("room.toml");
        let secret = URL_SAFE_NO_PAD.encode([7; 31]);
        let short = format!(
            "[person]\nkey = \"{secret}\"\n[manage]\nkey = \"x\"\n[signals]\ncredential = \"y\"\n"
        );
        let error = BookingKeys::parse(&short, path).err().expect("refused").to_string();
        assert!(error.contains("32 bytes") && !error.contains(&secret), "{error}");
        let unknown = format!("{}extra = 1\n", *keys.waiting_room);
        let error = WaitingRoomKeys::parse(&unknown, path).err().expect("refused").to_string();
        assert!(error.contains("extra"), "{error}");
        assert!(WaitingRoomKeys::parse("", path).is_err());
    }
}
