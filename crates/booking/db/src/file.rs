//! The file of a SQLite database: private to its owner, and for one service at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use kernel::private_file;

use crate::connect::ConnectError;

/// The file is this process's alone, for as long as this lives.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the database at `url` for a service; `None` if it is not a file. Refused while another
    /// process has it: each would keep its own view of the places, and stop the other's writing.
    ///
    /// The lock is an advisory one on a file of its own beside the database: SQLite loses its locks when
    /// the database is opened and closed a second time in the same process. The kernel gives it back
    /// when the process ends, however it ends. Tools that write once and go do not take it.
    pub fn take(url: &str) -> Result<Option<Self>, ConnectError> {
        let Some(database) = path_of(url) else { return Ok(None) };
        let mut name = database.clone().into_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        let failed = |source| ConnectError::File { path: path.clone(), source };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Err(ConnectError::InUse(database)),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Makes the database file at `url` if there is none, for its owner only, and refuses one that others may
/// open: it holds names and dates of birth. SQLite gives the files it makes beside it the same mode.
pub(crate) fn make_private(url: &str) -> Result<(), ConnectError> {
    let Some(path) = path_of(url) else { return Ok(()) };
    match private_file::create(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            private_file::require_private(&path).map_err(ConnectError::OpenToOthers)
        }
        // A folder that is not there: SQLite says so too, and better.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The file that a URL names, if it names one.
fn path_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?;
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    Some(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_for_one_service_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/booking.db?mode=rwc", folder.path().display());
        let lock = FileLock::take(&url).expect("free").expect("a file");
        let refused = FileLock::take(&url).expect_err("taken").to_string();
        assert!(refused.contains("booking.db") && refused.contains("another process"), "{refused}");
        drop(lock);
        assert!(FileLock::take(&url).expect("free again").is_some());
        assert!(FileLock::take("postgres://localhost/booking").expect("no file").is_none());
    }
}
