//! What the page names is there.

use std::path::Path;

use crate::{assert_none, read, root};

const PAGE: &str = "docs/extending.md";

/// What a path from the root begins with.
const FOLDERS: &[&str] = &["api-spec/", "crates/", "deploy/", "docs/", "loadtest/"];

#[test]
fn every_path_and_every_quoted_line_is_there() {
    let page = read(PAGE);
    let mut problems = missing_paths(&page, |path| root().join(path).exists());
    let (wrong, quotes) = wrong_quotes(&page, |path| {
        Path::new(path).extension().and_then(|_| std::fs::read_to_string(root().join(path)).ok())
    });
    problems.extend(wrong);
    assert_none(&problems);
    assert!(quotes > 0, "{PAGE} quotes no line: are its tables still read?");
}

#[test]
fn readers_find_the_page() {
    let unlinked = [("README.md", PAGE), ("docs/ARCHITECTURE.md", "extending.md")]
        .into_iter()
        .filter(|(from, to)| !read(from).contains(&format!("]({to})")))
        .map(|(from, _)| format!("{from} has no link to {PAGE}: add it to the list of documents"));
    assert_none(&unlinked.collect::<Vec<_>>());
}

fn missing_paths(page: &str, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    quoted(page)
        .filter(|text| FOLDERS.iter().any(|folder| text.starts_with(folder)))
        .filter(|path| !is_there(path))
        .map(|path| {
            format!("{PAGE} names `{path}`, which is not there: say what has taken its place")
        })
        .collect()
}

/// Rows of tables whose first cell is a file that does not hold what the second one quotes, and how many
/// quotes there are.
fn wrong_quotes(page: &str, text: impl Fn(&str) -> Option<String>) -> (Vec<String>, usize) {
    let (mut problems, mut quotes) = (Vec::new(), 0);
    for row in page.lines() {
        let Some((path, what)) = row.strip_prefix("| `").and_then(|row| row.split_once("` |"))
        else {
            continue;
        };
        let Some(text) = text(path) else { continue };
        for quote in quoted(what) {
            quotes += 1;
            if !text.contains(quote) {
                problems
                    .push(format!("{PAGE}: `{quote}` is not in {path}: quote what is there now"));
            }
        }
    }
    (problems, quotes)
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

mod can_fail {
    use super::*;

    #[test]
    fn paths() {
        let page = "`crates/a.rs` and `crates/b.rs`, `cargo run`";
        let found = missing_paths(page, |path| path == "crates/a.rs");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`crates/b.rs`"), "{found:?}");
    }

    #[test]
    fn quotes() {
        let page =
            "| file | what |\n|---|---|\n| `a.rs` | the line `one` and `two` |\n| `b.rs` | `x` |";
        let text = |path: &str| (path == "a.rs").then(|| "one\n".to_owned());
        let (found, quotes) = wrong_quotes(page, text);
        assert_eq!((found.len(), quotes), (1, 2), "{found:?}");
        assert!(found[0].contains("`two` is not in a.rs"), "{found:?}");
    }
}
