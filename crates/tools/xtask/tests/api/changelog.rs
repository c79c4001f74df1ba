//! `api-spec/CHANGELOG.md` names every change since the last release.

use std::collections::BTreeMap;

use crate::changes::{Change, between};
use crate::document::{Document, Service};
use crate::{read, root, update};

const FILE: &str = "api-spec/CHANGELOG.md";
/// What stands between the line of a change and what its author says about it.
const NOTE: &str = " — ";
const NOTHING: &str = "Nothing.";

/// The changes of each service since the last release.
fn changes() -> Vec<(Service, Vec<Change>)> {
    let of = |service: Service| (service, between(&service.released(), &service.document()));
    Service::ALL.map(of).into()
}

#[test]
fn the_changelog_names_every_change() {
    let changelog = read(FILE);
    let (before, unreleased, after) = sections(&changelog);
    let expected = written(&changes(), &notes(unreleased));
    if update() {
        let text = format!("{before}{expected}{after}");
        std::fs::write(root().join(FILE), text).expect("the changelog can be written");
        return;
    }
    assert!(
        unreleased == expected,
        "{FILE} does not name what has changed: run with UPDATE_DRIFT=1, and say why behind each line, \
         after \"{NOTE}\". Expected:\n{expected}"
    );
}

#[test]
fn nothing_breaks_a_client_within_a_version() {
    let breaking: Vec<String> = changes()
        .iter()
        .flat_map(|(_, changes)| changes)
        .filter(|change| !change.harmless)
        .map(Change::line)
        .collect();
    assert!(
        breaking.is_empty() || may_break(&version()),
        "these break clients of /v1, see docs/versioning.md:\n{}",
        breaking.join("\n")
    );
}

/// RFC 9745 and RFC 8594: whoever still asks is told.
#[test]
fn what_is_deprecated_says_so_and_until_when() {
    let silent: Vec<String> =
        Service::ALL.iter().flat_map(|service| without_notice(&service.document())).collect();
    assert!(silent.is_empty(), "deprecated, without a header that says so: {silent:?}");
}

/// The answers of deprecated operations that lack one of the two headers.
fn without_notice(document: &Document) -> Vec<String> {
    let deprecated =
        document.operations().filter(|(.., operation, _)| operation["deprecated"] == true);
    let mut silent = Vec::new();
    for (method, path, operation, _) in deprecated {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            for header in ["Deprecation", "Sunset"] {
                if document.resolved(response)["headers"].get(header).is_none() {
                    silent.push(format!("{method} {path} {status} {header}"));
                }
            }
        }
    }
    silent
}

#[test]
fn a_deprecated_operation_may_not_be_silent() {
    let operation = |headers: serde_json::Value| {
        let responses = serde_json::json!({"200": {"headers": headers}, "404": {}});
        let operation = serde_json::json!({"deprecated": true, "responses": responses});
        Document::new(serde_json::json!({"paths": {"/v1/things": {"get": operation}}}))
    };
    let silent = without_notice(&operation(serde_json::json!({"Sunset": {}})));
    assert_eq!(silent, ["get /v1/things 200 Deprecation"]);
    let headers = serde_json::json!({"Sunset": {}, "Deprecation": {}});
    assert!(without_notice(&operation(headers)).is_empty());
}

/// Before 1.0.0 a release may break clients, if the changelog says so.
fn may_break(version: &str) -> bool {
    version.starts_with("0.")
}

fn version() -> String {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("cargo has read it as well");
    manifest["workspace"]["package"]["version"].as_str().expect("a version").to_owned()
}

#[test]
fn versions_that_may_break() {
    assert!(may_break("0.9.12"));
    assert!(!may_break("1.0.0"));
}

/// What comes before the changes that are not released, these, and what was released.
fn sections(changelog: &str) -> (&str, &str, &str) {
    let heading = "## Unreleased\n\n";
    let start = changelog.find(heading).expect("a section of what is not released") + heading.len();
    let length = changelog[start..].find("\n## ").expect("a section of what is released");
    (&changelog[..start], &changelog[start..start + length], &changelog[start + length..])
}

/// What was said about a change, by its line.
fn notes(unreleased: &str) -> BTreeMap<&str, &str> {
    unreleased.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(NOTE)).collect()
}

fn written(changes: &[(Service, Vec<Change>)], notes: &BTreeMap<&str, &str>) -> String {
    let section = |(service, changes): &(Service, Vec<Change>)| {
        let mut lines: Vec<String> = changes.iter().map(|change| line(change, notes)).collect();
        if lines.is_empty() {
            lines.push(NOTHING.to_owned());
        }
        format!("### {}\n\n{}\n", service.title(), lines.join("\n"))
    };
    changes.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn line(change: &Change, notes: &BTreeMap<&str, &str>) -> String {
    let line = change.line();
    match notes.get(line.as_str()) {
        Some(note) => format!("- {line}{NOTE}{note}"),
        None => format!("- {line}"),
    }
}

#[test]
fn what_was_said_about_a_change_stays() {
    let change = Change {
        harmless: true,
        text: "request member `note` added".to_owned(),
        operations: ["make".to_owned()].into(),
    };
    let unreleased = "### Booking API\n\n- `make`: request member `note` added — for the gate\n";
    let text = written(&[(Service::Booking, vec![change])], &notes(unreleased));
    assert_eq!(text, unreleased);
    assert_eq!(
        written(&[(Service::Booking, vec![])], &notes(unreleased)),
        "### Booking API\n\nNothing.\n"
    );
}
