//! What follows from the documents under `api-spec`: the changelog of the API, and the collection for Bruno.

mod changelog;
mod changes;
mod collection;
mod document;

use test_support::{read_checked_in as read, workspace_root as root};

/// Whether what is generated is to be written again.
#[expect(clippy::disallowed_methods, reason = "the switch of the drift tests")]
fn update() -> bool {
    std::env::var_os("UPDATE_DRIFT").is_some()
}
