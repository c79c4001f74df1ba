//! The checkout that a test is built from, and programs that look at it.

use std::path::PathBuf;
use std::process::Command;

/// The root of the workspace.
///
/// # Panics
/// If the checkout is gone.
#[must_use]
pub fn workspace_root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
        .canonicalize()
        .expect("the workspace's root is three folders up")
}

/// The text of a file, by its path from the root.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn read_checked_in(file: &str) -> String {
    let path = workspace_root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a program to its end; gives what it prints, its errors last.
///
/// # Panics
/// If it does not start, or fails; with all that it printed.
#[track_caller]
pub fn printed_by(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let text = text.concat();
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}
