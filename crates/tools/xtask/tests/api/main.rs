//! What follows from the documents under `api-spec`: the changelog of the API, and the collection for Bruno.

mod changelog;
mod changes;
mod collection;
mod document;

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
        .canonicalize()
        .expect("the workspace's root is three folders up")
}

fn read(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether what is generated is to be written again.
#[expect(clippy::disallowed_methods, reason = "the switch of the drift tests")]
fn update() -> bool {
    std::env::var_os("UPDATE_DRIFT").is_some()
}
