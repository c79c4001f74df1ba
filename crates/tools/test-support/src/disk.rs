//! A disk that can be full: a small file system in memory, which only the server on it sees.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use crate::install::is_root;

/// What to do where no file system can be mounted.
const NEEDED: &str = "a small file system cannot be mounted here; that needs Linux, unshare and nsenter of \
    util-linux 2.36 or newer, and to be root or allowed user namespaces \
    (sysctl user.max_user_namespaces; in a container: --privileged or --cap-add=SYS_ADMIN)";
/// Mounts, says so, and keeps the namespace until its input ends, which it does with this process.
const HOLDER: &str = r#"mount -t tmpfs -o "$2" tmpfs "$1" && echo mounted && exec cat"#;
const CHUNK_BYTES: usize = 64 * 1_024;

/// A file system of a bounded size.
pub struct SmallDisk {
    /// Keeps the mount namespace.
    holder: Mutex<Holder>,
    process_id: u32,
    mount_point: PathBuf,
}

struct Holder {
    process: Child,
    /// Its end is the holder's.
    input: Option<ChildStdin>,
}

/// Who runs a program on the disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runner {
    pub uid: u32,
    pub gid: u32,
}

impl SmallDisk {
    /// Mounts it at that folder, which stays empty for everybody else.
    pub(crate) fn mount(mount_point: &Path, mib: u32, owner: Option<Runner>) -> Result<Self> {
        let owner = owner.map(|Runner { uid, gid }| format!(",uid={uid},gid={gid}"));
        let options = format!("size={mib}m,mode=0700{}", owner.unwrap_or_default());
        let mut unshare = Command::new("unshare");
        if !is_root() {
            unshare.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        let mut process = unshare
            .args(["--mount", "/bin/sh", "-c", HOLDER, "disk"])
            .arg(mount_point)
            .arg(options)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context(NEEDED)?;
        let input = process.stdin.take();
        let mut said = String::new();
        let output = process.stdout.take().context("the disk has no output")?;
        BufReader::new(output).read_line(&mut said)?;
        if said.trim() != "mounted" {
            let output = process.wait_with_output()?;
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(anyhow::anyhow!(why).context(NEEDED));
        }
        let process_id = process.id();
        let holder = Mutex::new(Holder { process, input });
        Ok(Self { holder, process_id, mount_point: mount_point.to_owned() })
    }

    /// Runs a program where the disk is seen, as that user if this process is root's.
    pub(crate) fn program(&self, program: &Path, runner: Option<Runner>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process_id.to_string(), "--mount"]);
        match runner {
            Some(Runner { uid, gid }) => {
                command.args(["--setuid", &uid.to_string(), "--setgid", &gid.to_string()]);
            }
            None if is_root() => {}
            None => {
                command.args(["--user", "--preserve-credentials"]);
            }
        }
        command.arg(program);
        command
    }

    /// The way to the disk from outside.
    pub(crate) fn path_from_outside(&self) -> PathBuf {
        let inside = self.mount_point.strip_prefix("/").unwrap_or(&self.mount_point);
        PathBuf::from(format!("/proc/{}/root", self.process_id)).join(inside)
    }

    /// Fills it but for so many bytes.
    ///
    /// # Errors
    ///
    /// If it is too full for that already.
    pub fn fill_but(&self, bytes: u64) -> Result<()> {
        let mut file = File::create(self.ballast()).context("failed to fill the disk")?;
        let chunk = vec![1; CHUNK_BYTES];
        let mut written = 0_u64;
        while let Ok(more @ 1..) = file.write(&chunk) {
            written += u64::try_from(more)?;
        }
        let rest = written.checked_sub(bytes).context("the disk has been full before")?;
        file.set_len(rest).context("failed to leave some room on the disk")
    }

    /// Takes away again what filled it.
    ///
    /// # Errors
    ///
    /// If it was not filled.
    pub fn free(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("failed to free the disk")
    }

    fn ballast(&self) -> PathBuf {
        self.path_from_outside().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let holder = self.holder.get_mut().unwrap_or_else(PoisonError::into_inner);
        holder.input = None;
        let _ = holder.process.wait();
    }
}
