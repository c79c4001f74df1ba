//! The key that signs tokens of staff, in a file of its own: the services need only its public half.

use std::path::Path;

use kernel::Entropy;
use pass::{KeySet, SigningKey};
use serde::Deserialize;
use staff::StaffSigner;
use zeroize::Zeroizing;

use super::pairs::{KeyPairEntry, KeyPairs};
use super::rotate::ABOUT_STAFF_KEYS;
use super::{KeysError, invalid, read, write_secret};

/// The longest life of a token: it cannot be called back but by a new key.
pub const TOKEN_HOURS_MAX: u64 = 24 * 31;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    staff: Vec<KeyPairEntry>,
}

/// The keys that sign tokens of staff, as their file has them.
pub struct StaffKeyFile(KeyPairs);

impl StaffKeyFile {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        Self::parse(&read(path)?, path)
    }

    /// Reads the text of a key file; `path` is named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeysError> {
        let file: File = toml::from_str(text).map_err(|error| invalid(path, &error))?;
        KeyPairs::of(&file.staff).map(Self).map_err(|why| KeysError::Invalid {
            path: path.to_owned(),
            reason: format!("[[staff]]: {why}"),
        })
    }

    /// Signs with the current one.
    #[must_use]
    pub fn signer(&self) -> StaffSigner {
        StaffSigner::new(&self.0.signing)
    }

    /// The public halves, as services read them.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.0.public.to_jwks()
    }
}

/// A new key and its public half.
pub struct NewStaffKeys(SigningKey);

impl NewStaffKeys {
    /// Makes a new key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(SigningKey::generate(entropy))
    }

    /// Signs with it.
    #[must_use]
    pub fn signer(&self) -> StaffSigner {
        StaffSigner::new(&self.0)
    }

    /// Its public half, as services read it.
    ///
    /// # Panics
    /// Never: one key has an id of its own.
    #[must_use]
    pub fn jwks(&self) -> String {
        KeySet::new([self.0.public_key().clone()]).expect("one key is a set").to_jwks()
    }

    /// Writes the key, readable by its owner only, and its public half. Neither may exist.
    pub fn write(&self, keys: &Path, jwks: &Path) -> Result<(), KeysError> {
        if let Some(there) = [keys, jwks].into_iter().find(|path| path.exists()) {
            return Err(KeysError::Exists(there.to_owned()));
        }
        let text = Zeroizing::new(format!(
            "# Signs tokens of staff. Whoever has it can be anybody of the town hall: keep it off the machines that serve\n\
             # citizens, which need only its public half.\n\n\
             {ABOUT_STAFF_KEYS}[[staff]]\nprivate_key = \"\"\"\n{}\"\"\"\n",
            *self.0.to_pkcs8_pem()
        ));
        write_secret(keys, &text)?;
        std::fs::write(jwks, self.jwks())
            .map_err(|source| KeysError::Io { path: jwks.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededEntropy;

    use super::*;

    #[test]
    fn a_new_key_is_written_once_and_signs() {
        let folder = tempfile::tempdir().expect("a folder");
        let (keys, jwks) =
            (folder.path().join("staff.toml"), folder.path().join("staff.jwks.json"));
        let new = NewStaffKeys::generate(&SeededEntropy::new(1));
        new.write(&keys, &jwks).expect("written");
        StaffKeyFile::read(&keys).expect("signs");
        let published = std::fs::read_to_string(&jwks).expect("the public half");
        assert!(!staff::StaffKeys::from_jwks(&published).expect("keys").is_empty());
        assert!(matches!(new.write(&keys, &jwks), Err(KeysError::Exists(_))));
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_not_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("staff.toml");
        for (text, reason) in [
            ("staff = []", "[[staff]]: it is missing"),
            ("[[staff]]\nprivate_key = \"geheim\"", "[[staff]]: "),
        ] {
            write_secret(&path, text).expect("written");
            let refused = StaffKeyFile::read(&path).err().expect("no key").to_string();
            assert!(refused.contains(reason) && !refused.contains("geheim"), "{refused}");
            std::fs::remove_file(&path).expect("removed");
        }
    }
}
