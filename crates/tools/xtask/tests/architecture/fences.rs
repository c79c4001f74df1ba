//! What a crate or a folder may not talk about.

use std::path::{Path, PathBuf};

use crate::{assert_none, root};

/// Words of the two domains. `web` has HTTP manners only; the texts of its problem catalogue are data.
const DOMAIN_WORDS: &[&str] = &[
    "booking",
    "campaign",
    "citizen",
    "gathering",
    "lane",
    "municipality",
    "operator",
    "room",
    "slot",
    "staff",
    "ticket",
    "tranche",
    "waitlist",
];

/// The outcomes of use cases. What they mean to a reader stands beside them, not in `einlass`.
const OUTCOMES: &[&str] = &["Outcome::", "Created::", "Applied::"];

/// The `service` folders, each with those of its files that hold no use case but what the use cases
/// share.
const USE_CASES: &[(&str, &[&str])] = &[
    (
        "crates/waiting-room/rules/src/service",
        &["mod.rs", "outcome.rs", "polls.rs", "renewal.rs", "room.rs", "rooms.rs"],
    ),
    (
        "crates/booking/rules/src/service",
        &["mod.rs", "background.rs", "read.rs", "report.rs", "running.rs", "view.rs"],
    ),
];

#[test]
fn web_knows_no_word_of_the_domains() {
    let folder = root().join("crates/shared/web/src");
    let mut problems = Vec::new();
    for file in sources(&folder) {
        let is_catalogue = file.components().any(|part| part.as_os_str() == "problem");
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        if !is_catalogue {
            problems.extend(domain_words(&file, &text));
        }
    }
    assert_none(&problems);
}

#[test]
fn einlass_wires_and_judges_nothing() {
    let mut problems = Vec::new();
    for file in sources(&root().join("crates/einlass/src")) {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        problems.extend(judged_outcomes(&file, &text));
    }
    assert_none(&problems);
}

#[test]
fn a_use_case_stands_in_the_file_of_its_name() {
    let mut problems = Vec::new();
    for (folder, shared) in USE_CASES {
        for file in sources(&root().join(folder)) {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !shared.contains(&name) {
                let text = std::fs::read_to_string(&file).expect("a source file is text");
                problems.extend(foreign_use_cases(&file, &text));
            }
        }
    }
    assert_none(&problems);
}

/// The lines of code, without comments and without the tests at the end of the file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn domain_words(file: &Path, text: &str) -> Vec<String> {
    let words = |line: &str| -> Vec<String> {
        line.split(|c: char| !c.is_ascii_alphabetic())
            .map(str::to_ascii_lowercase)
            .filter(|word| DOMAIN_WORDS.contains(&word.trim_end_matches('s')))
            .collect()
    };
    let problem = |(index, word): (usize, String)| {
        format!(
            "{}:{}: `{word}` is a word of the domain: move what needs it into the crate that knows it",
            file.display(),
            index + 1
        )
    };
    code(text)
        .flat_map(|(index, line)| words(line).into_iter().map(move |word| (index, word)))
        .map(problem)
        .collect()
}

fn judged_outcomes(file: &Path, text: &str) -> Vec<String> {
    code(text)
        .filter(|(_, line)| OUTCOMES.iter().any(|outcome| line.contains(outcome)))
        .map(|(index, line)| {
            format!(
                "{}:{}: `{}` judges an outcome of a use case: put what it means beside the outcome",
                file.display(),
                index + 1,
                line.trim()
            )
        })
        .collect()
}

/// Public functions of a use case's file whose names do not begin with the use case's.
fn foreign_use_cases(file: &Path, text: &str) -> Vec<String> {
    let subject = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let names = code(text).filter_map(|(index, line)| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let name = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
        Some((index, name.split(['(', '<']).next().unwrap_or(name)))
    });
    names
        // What an outcome means to a reader stands beside it.
        .filter(|(_, name)| !name.contains(subject) && *name != "verdict")
        .map(|(index, name)| {
            format!(
                "{}:{}: `{name}` is another use case than `{subject}`: give it a file of its own",
                file.display(),
                index + 1
            )
        })
        .collect()
}

/// All `*.rs` below `folder`, but for tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_name().is_some_and(|name| name != "tests.rs")
            {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty(), "there is no source in {}", folder.display());
    files
}

mod can_fail {
    use super::*;

    #[test]
    fn words() {
        let found =
            domain_words(Path::new("a.rs"), "// a room\nlet tickets = 1;\nlet bathroom = 2;");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("a.rs:2: `tickets`"), "{found:?}");
    }

    #[test]
    fn outcomes() {
        let text = "match joined {\n    JoinOutcome::Closed => 1,\n}\n#[cfg(test)]\nCreated::New\n";
        assert_eq!(judged_outcomes(Path::new("a.rs"), text).len(), 1);
    }

    #[test]
    fn use_cases() {
        let text = "pub async fn join(\npub fn leave(\nfn helper(\n";
        let found = foreign_use_cases(Path::new("service/join.rs"), text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`leave`"), "{found:?}");
    }
}
