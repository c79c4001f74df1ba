//! What manifests and the crate map must say.

use crate::crates::all;
use crate::{assert_none, read};

#[test]
fn every_crate_inherits_the_lints() {
    let problems: Vec<String> = all()
        .iter()
        .filter(|known| {
            let manifest = std::fs::read_to_string(&known.manifest).expect("the manifest is there");
            !inherits_lints(&manifest)
        })
        .map(|known| {
            format!(
                "'{}' does not inherit the lints: add\n    [lints]\n    workspace = true\nto {}/Cargo.toml",
                known.name, known.folder
            )
        })
        .collect();
    assert_none(&problems);
}

#[test]
fn every_crate_is_on_the_map() {
    let map = read("docs/ARCHITECTURE.md");
    let problems: Vec<String> = all()
        .iter()
        .filter(|known| !names(&map, &known.folder))
        .map(|known| {
            format!(
                "'{folder}' is missing from docs/ARCHITECTURE.md: add `{folder}` to the crate map, \
                 with what it is for and what it knows nothing of",
                folder = known.folder
            )
        })
        .collect();
    assert_none(&problems);
}

#[test]
fn every_outside_dependency_says_why() {
    assert_none(&without_reason(&read("Cargo.toml")));
}

#[test]
fn versions_stand_in_the_workspace_only() {
    let problems: Vec<String> = all()
        .iter()
        .flat_map(|known| {
            let manifest = std::fs::read_to_string(&known.manifest).expect("the manifest is there");
            not_inherited(&manifest).into_iter().map(move |dependency| {
                format!(
                    "'{dependency}' in {}/Cargo.toml has a version of its own: write `{dependency}.workspace = true` \
                     and put the line, with its reason, into the root Cargo.toml",
                    known.folder
                )
            })
        })
        .collect();
    assert_none(&problems);
}

fn inherits_lints(manifest: &str) -> bool {
    let manifest: toml::Table = manifest.parse().expect("cargo has read it as well");
    let workspace = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    workspace.and_then(toml::Value::as_bool) == Some(true)
}

/// Whether `text` holds `folder` as a whole: `crates/booking-db` does not name `crates/booking`.
fn names(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(start, _)| {
        let next = text[start + folder.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '-' || next == '_')
    })
}

/// The lines of `[workspace.dependencies]` that bring something from outside and do not say why.
fn without_reason(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .enumerate()
        .skip_while(|(_, line)| line.trim() != "[workspace.dependencies]")
        .skip(1)
        .take_while(|(_, line)| !line.starts_with('['))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .filter(|(_, line)| !line.contains("path = ") && !says_why(line))
        .map(|(index, line)| {
            let name = line.split([' ', '=', '.']).next().unwrap_or(line);
            format!(
                "Cargo.toml:{}: '{name}' has no reason: end the line with `# what it is for`",
                index + 1
            )
        })
        .collect()
}

fn says_why(line: &str) -> bool {
    line.split_once(" # ").is_some_and(|(_, reason)| !reason.trim().is_empty())
}

fn not_inherited(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().expect("cargo has read it as well");
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flatten()
        .filter(|(_, line)| line.get("workspace").and_then(toml::Value::as_bool) != Some(true))
        .map(|(name, _)| name.clone())
        .collect()
}

mod can_fail {
    use super::*;

    #[test]
    fn lints() {
        assert!(inherits_lints("[lints]\nworkspace = true"));
        for manifest in ["", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"warn\""] {
            assert!(!inherits_lints(manifest), "{manifest}");
        }
    }

    #[test]
    fn the_map() {
        assert!(names("- `crates/booking`: rules", "crates/booking"));
        assert!(!names("- `crates/booking-db`: rows", "crates/booking"));
        assert!(names("in crates/booking/ and", "crates/booking"));
    }

    #[test]
    fn reasons() {
        let manifest = "[workspace.dependencies]\na = \"1\" # the a of all\nb = \"1\"\n# b = 2\n\
                        c = { path = \"c\" }\nd.version = \"1\" #\n\n[other]\ne = 1\n";
        let found = without_reason(manifest);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("Cargo.toml:3: 'b'"), "{found:?}");
        assert!(found[1].starts_with("Cargo.toml:6: 'd'"), "{found:?}");
    }

    #[test]
    fn versions() {
        let manifest = "[dependencies]\na = \"1\"\nb.workspace = true\nc = { workspace = true }\n\
                        [dev-dependencies]\nd = { version = \"1\" }\n";
        assert_eq!(not_inherited(manifest), ["a", "d"]);
    }
}
