//! The code base keeps its own rules. Every message says what to do about it.

mod crates;
mod edges;
mod extending;
mod fences;
mod manifests;
mod metrics;
mod sources;
mod speyer;

use test_support::{read_checked_in as read, workspace_root as root};

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n\n{}\n\n", problems.join("\n"));
}
