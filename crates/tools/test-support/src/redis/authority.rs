//! A certificate authority of the test's own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Signs the certificates of private servers. The file that clients trust goes away with it.
pub struct TestAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl TestAuthority {
    /// A new one, which nobody trusts yet.
    pub fn new() -> Result<Self> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Einlass test authority");
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let folder = tempfile::Builder::new().prefix("einlass-ca-").tempdir()?;
        fs::write(ca(folder.path()), issuer.pem())?;
        Ok(Self { issuer, folder })
    }

    /// The PEM file that a client has to trust.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        ca(self.folder.path())
    }

    /// Writes a key, its certificate for this machine, and our own certificate into a folder.
    pub(crate) fn issue(&self, folder: &Path) -> Result<()> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let key_pair = KeyPair::generate()?;
        let signed = CertificateParams::new(names)?.signed_by(&key_pair, &self.issuer)?;
        fs::write(certificate(folder), signed.pem())?;
        fs::write(key(folder), key_pair.serialize_pem())?;
        fs::write(ca(folder), self.issuer.pem())?;
        Ok(())
    }
}

pub(crate) fn ca(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

pub(crate) fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}

pub(crate) fn key(folder: &Path) -> PathBuf {
    folder.join("key.pem")
}
