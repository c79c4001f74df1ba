//! Files that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// Read and write for the owner, nothing for others.
const PRIVATE: u32 = 0o600;
/// The bits by which others may do something.
const OTHERS: u32 = 0o077;

/// A file is not as private as what it holds.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} can be opened by others (its mode is {mode:04o}), and it holds what only this service may know: \
     run `chmod 600 {path}`, and see who may have read it"
)]
pub struct OpenToOthers {
    path: PathBuf,
    mode: u32,
}

/// Makes a new file that only its owner may read and write; one that exists is an error.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path)
}

/// Puts a text in the place of a file that exists, whole or not at all: who reads it meanwhile, or after a crash, finds the
/// one or the other. Owner, group and mode stay; what a link leads to is replaced, and not the link.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let known = fs::metadata(&path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // Whatever a crash has left there.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => (),
    }
    let mut file = create(&new)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| fchown(&file, Some(known.uid()), Some(known.gid())))
        .and_then(|()| file.set_permissions(known.permissions()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&new, &path));
    if let Err(error) = written {
        fs::remove_file(&new)?;
        return Err(error);
    }
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Refuses a file that its group or others may open. One that is not there, or cannot be looked at, is
/// left to whoever opens it.
pub fn require_private(path: &Path) -> Result<(), OpenToOthers> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.mode() & OTHERS != 0 => {
            Err(OpenToOthers { path: path.to_owned(), mode: metadata.mode() & 0o7777 })
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_it_was_and_behind_its_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("secret"), folder.path().join("link"));
        assert!(replace(&path, "new").is_err(), "nothing is there");
        create(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("changed");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        fs::write(folder.path().join("secret.new"), "left by a crash").expect("written");
        replace(&link, "new").expect("replaced");
        assert_eq!(fs::read_to_string(&path).expect("there"), "new");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o400);
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }

    #[test]
    fn a_file_is_private_until_somebody_opens_it_to_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        assert!(require_private(&path).is_ok(), "nothing is there");
        create(&path).expect("made");
        require_private(&path).expect("private");
        assert_eq!(create(&path).expect_err("exists").kind(), io::ErrorKind::AlreadyExists);
        for mode in [0o640, 0o604, 0o620, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("changed");
            let refused = require_private(&path).expect_err("open").to_string();
            assert!(refused.contains(&format!("{mode:04o}")), "{refused}");
            assert!(refused.contains("chmod 600"), "{refused}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("changed");
        require_private(&path).expect("private");
    }
}
