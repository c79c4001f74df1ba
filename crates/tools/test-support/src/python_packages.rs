//! Packages of Python that no machine has: fetched once by `pip`, pinned, into the target folder.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::api_tools::target_folder;
use crate::install::{provision_venv, run};

/// Written last.
const COMPLETE: &str = "complete";

/// Some packages, and what they are for.
pub(crate) struct PythonPackages {
    /// Names the folder.
    pub(crate) purpose: &'static str,
    /// What `pip` reads.
    pub(crate) requirements: &'static str,
    /// A module that is there if they are.
    pub(crate) module: &'static str,
}

impl PythonPackages {
    /// A Python that has the packages. Of several processes that ask at once, one fetches and the others wait.
    pub(crate) fn provision(&self) -> Result<PathBuf> {
        let mut hasher = DefaultHasher::new();
        self.requirements.hash(&mut hasher);
        let name = format!("{:016x}", hasher.finish());
        let folder = target_folder()?.join(self.purpose).join(name);
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock().context("failed to wait for another process that fetches the packages")?;
        let python = folder.join("venv/bin/python");
        let import = format!("import {}", self.module);
        let starts = || Command::new(&python).args(["-c", &import]).status();
        if !(folder.join(COMPLETE).exists() && starts().is_ok_and(|status| status.success())) {
            self.fetch(&folder, &python)?;
            File::create(folder.join(COMPLETE))?;
        }
        Ok(python)
    }

    fn fetch(&self, folder: &Path, python: &Path) -> Result<()> {
        let packages = folder.join("requirements.txt");
        fs::write(&packages, self.requirements)?;
        let system = provision_venv()?;
        run(Command::new(system).args(["-m", "venv", "--clear"]).arg(folder.join("venv")))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        run(Command::new(python).args(pip).arg("--requirement").arg(&packages))
    }
}
