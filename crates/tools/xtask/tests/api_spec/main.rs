//! What frontends do with the API documents: they lint them, and make clients of them. The clients are walked through
//! running services by the tests of `einlass`.

mod generate;
mod lint;

use std::path::PathBuf;
use std::process::Command;

use test_support::ApiTools;

/// The documents, by the names of their files in `api-spec`.
const DOCUMENTS: [&str; 2] = ["waiting-room", "booking"];

fn tools() -> ApiTools {
    ApiTools::provision().unwrap_or_else(|error| panic!("{error:#}"))
}

fn api_spec(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../api-spec")).join(file)
}

fn document(name: &str) -> PathBuf {
    api_spec(&format!("{name}.json"))
}

/// Runs it to its end; gives what it prints.
#[track_caller]
fn printed_by(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let text = text.concat();
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}
