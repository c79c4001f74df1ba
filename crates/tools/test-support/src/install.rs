//! Installs what is missing, where that needs no question: on Debian as root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::locate::{
    locate_chromium, locate_faketime, locate_haproxy, locate_nginx, locate_postgres, locate_python,
    locate_redis,
};

/// Debian asks this program before a package starts its service; 101 means "do not".
const START_POLICY: &str = "/usr/sbin/policy-rc.d";

const VENV_MISSING: &str = "python3 makes no virtual environments; install the module `venv` \
    (Debian and Ubuntu: apt-get install python3-venv)";

/// Makes sure that tests can start Redis, PostgreSQL, nginx, HAProxy, Python and Chromium, installing them with `apt-get` on
/// Debian when run by root. Elsewhere the error says what to install. No system service is started
/// or left running by it.
pub fn provision() -> Result<()> {
    let mut missing = Vec::new();
    if locate_redis().is_err() {
        missing.push(Package { name: "redis-server", service: Some("redis-server.service") });
    }
    if locate_postgres().is_err() {
        missing.push(Package { name: "postgresql", service: Some("postgresql.service") });
    }
    if locate_nginx().is_err() {
        missing.push(Package { name: "nginx", service: Some("nginx.service") });
    }
    if locate_haproxy().is_err() {
        missing.push(Package { name: "haproxy", service: Some("haproxy.service") });
    }
    if locate_python().is_err() {
        missing.push(Package { name: "python3", service: None });
    }
    if locate_chromium().is_err() {
        missing.push(Package { name: "chromium", service: None });
        missing.push(Package { name: "chromium-driver", service: None });
    }
    install_on_debian(&missing)?;
    locate_redis()?;
    locate_postgres()?;
    locate_nginx()?;
    locate_haproxy()?;
    locate_python()?;
    locate_chromium()?;
    Ok(())
}

/// The same for the library that shows a process a clock of its own. Gives where it lies.
pub fn provision_faketime() -> Result<PathBuf> {
    if locate_faketime().is_err() {
        install_on_debian(&[Package { name: "faketime", service: None }])?;
    }
    locate_faketime()
}

/// The same for the virtual environments of Python, which Debian packages apart. Gives Python.
pub(crate) fn provision_venv() -> Result<PathBuf> {
    let python = locate_python();
    let is_missing = python.as_ref().map_or(true, |python| !makes_environments(python));
    if is_missing {
        install_on_debian(&[Package { name: "python3-venv", service: None }])?;
    }
    let python = locate_python()?;
    ensure!(makes_environments(&python), "{VENV_MISSING}");
    Ok(python)
}

fn makes_environments(python: &Path) -> bool {
    let mut command = Command::new(python);
    let output = command.args(["-c", "import ensurepip, venv"]).output();
    output.is_ok_and(|output| output.status.success())
}

pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// What the package would start.
    pub(crate) service: Option<&'static str>,
}

/// Installs them where that needs no question. Elsewhere the search for what is missing says what to do.
pub(crate) fn install_on_debian(packages: &[Package]) -> Result<()> {
    if !packages.is_empty() && is_debian() && is_root() {
        install(packages)?;
    }
    Ok(())
}

fn install(packages: &[Package]) -> Result<()> {
    let names: Vec<&str> = packages.iter().map(|package| package.name).collect();
    println!("installing {} with apt-get", names.join(" and "));
    let _services_stay_off = ServicesStayOff::new()?;
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], names.as_slice()].concat())?;
    let services: Vec<&str> = packages.iter().filter_map(|package| package.service).collect();
    if !services.is_empty() && Path::new("/run/systemd/system").is_dir() {
        // The packages enable their services for the next start of the machine.
        run(Command::new("systemctl").args(["disable", "--now"]).args(services))?;
    }
    Ok(())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    run(Command::new("apt-get").arg("-q").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("failed to run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
}

/// Whether this process may do everything; a file it has just made shows its user.
pub(crate) fn is_root() -> bool {
    tempfile::tempfile().and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.uid() == 0)
}

/// Keeps packages from starting their services while it lives. A policy that is there already is
/// the machine's own and stays as it is.
struct ServicesStayOff {
    ours: bool,
}

impl ServicesStayOff {
    fn new() -> Result<Self> {
        if Path::new(START_POLICY).exists() {
            return Ok(Self { ours: false });
        }
        fs::write(START_POLICY, "#!/bin/sh\nexit 101\n")
            .and_then(|()| fs::set_permissions(START_POLICY, fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("failed to write {START_POLICY}"))?;
        Ok(Self { ours: true })
    }
}

impl Drop for ServicesStayOff {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(START_POLICY);
        }
    }
}
