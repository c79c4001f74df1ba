//! The code base keeps its own rules. Every message says what to do about it.

mod crates;
mod edges;
mod extending;
mod fences;
mod manifests;
mod sources;

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

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n\n{}\n\n", problems.join("\n"));
}
