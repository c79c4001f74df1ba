//! What frontends do with the API documents: they lint them, and make clients of them. The clients are walked through
//! running services by the tests of `einlass`.

mod generate;
mod lint;

use std::path::PathBuf;

use test_support::{ApiTools, printed_by, workspace_root};

/// The documents, by the names of their files in `api-spec`.
const DOCUMENTS: [&str; 2] = ["waiting-room", "booking"];

fn tools() -> ApiTools {
    ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"))
}

fn api_spec(file: &str) -> PathBuf {
    workspace_root().join("api-spec").join(file)
}

fn document(name: &str) -> PathBuf {
    api_spec(&format!("{name}.json"))
}
