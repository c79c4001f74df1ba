//! The library of Standard Webhooks for Python, from those who keep the standard.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::python_packages::PythonPackages;

const PACKAGES: PythonPackages = PythonPackages {
    purpose: "webhook-library",
    requirements: include_str!("webhook_library/requirements.txt"),
    module: "standardwebhooks",
};

/// A Python that has the library; it is fetched if need be.
pub fn provision_webhook_library() -> Result<PathBuf> {
    PACKAGES.provision().context(
        "failed to set up the library of Standard Webhooks, which needs the registry of Python once",
    )
}
