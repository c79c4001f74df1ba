//! What docs/speyer.md says cannot happen is held by tests that are there.

use crate::extending::sources;
use crate::{assert_none, read, root};

const PAGE: &str = "docs/speyer.md";
const CHAPTER: &str = "\n## Why it cannot happen here\n";

#[test]
fn every_failure_of_that_day_is_held_by_a_test() {
    let page = read(PAGE);
    let (_, chapter) = page.split_once(CHAPTER).expect("the chapter");
    let chapter = chapter.split("\n## ").next().unwrap_or_default();
    let sources = [sources("crates", "rs"), sources("loadtest", "rs")].concat();
    let is_there = |name: &str| {
        let test = format!("fn {name}(");
        root().join(name).is_file() || sources.iter().any(|source| source.text.contains(&test))
    };
    let (problems, failures) = unheld(chapter, is_there);
    assert_none(&problems);
    assert!(failures > 5, "{PAGE} names {failures} failures: is its table still read?");
}

#[test]
fn readers_find_the_page() {
    assert!(read("README.md").contains("](docs/speyer.md)"), "README.md has no link to {PAGE}");
}

/// What is named in the last column of the table and is not there, or not named at all; and how many rows there are.
fn unheld(chapter: &str, is_there: impl Fn(&str) -> bool) -> (Vec<String>, usize) {
    let rows: Vec<&str> = chapter.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let mut problems = Vec::new();
    for row in &rows {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let names: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            problems.push(format!("{PAGE}: name a test that holds: {row}"));
        }
        let missing = names.into_iter().filter(|name| !is_there(name));
        problems.extend(missing.map(|name| {
            format!("{PAGE}: there is no test `{name}`: name the one that holds this now")
        }));
    }
    (problems, rows.len())
}

#[test]
fn it_can_fail() {
    let chapter = "| what | against | held by |\n|---|---|---|\n| a | `x` | `one`, `two` |\n| b | c | nothing |\n";
    let (problems, rows) = unheld(chapter, |name| name == "one");
    assert_eq!((problems.len(), rows), (2, 2), "{problems:?}");
    assert!(problems[0].contains("`two`") && problems[1].contains("| b |"), "{problems:?}");
}
