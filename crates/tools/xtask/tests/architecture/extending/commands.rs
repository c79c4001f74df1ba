//! Commands of the booking rules: each in the folder of its subject, in the list, asked and tried.

use super::{Source, has_word, sources};
use crate::assert_none;

const RULES: &str = "crates/booking/rules/src";
const LIST: &str = "crates/booking/rules/src/batch/command.rs";

/// Folders of the rules that are no subject.
const NO_SUBJECT: &[&str] = &["batch", "contract", "service"];

#[test]
fn every_command_is_where_the_page_says() {
    assert_none(&misplaced(&sources(RULES, "rs")));
}

/// A line of the list.
struct Listed<'a> {
    command: &'a str,
    outcome: &'a str,
}

fn misplaced(rules: &[Source]) -> Vec<String> {
    let list = rules.iter().find(|file| file.path == LIST).map_or("", |file| &file.text);
    let listed = listed(list);
    if listed.is_empty() {
        return vec![format!("{LIST} has no list of commands: its test reads `commands! {{ … }}`")];
    }
    let mut problems: Vec<String> =
        listed.iter().flat_map(|listed| problems_of(listed, rules)).collect();
    let unlisted = rules
        .iter()
        .flat_map(|file| asking(&file.text))
        .filter(|command| listed.iter().all(|listed| listed.command != *command));
    problems.extend(unlisted.map(|command| {
        format!("`{command}` is a command that nobody can ask for: add its line to {LIST}")
    }));
    problems
}

fn problems_of(Listed { command, outcome }: &Listed<'_>, rules: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    let homes: Vec<&Source> =
        rules.iter().filter(|file| asking(&file.text).any(|its| its == *command)).collect();
    match homes[..] {
        [home] if is_of_a_subject(home) => {
            for (kind, name) in [("command", command), ("outcome", outcome)] {
                let defines = |word: &str| has_word(&home.text, &format!("pub {word} {name}"));
                if !defines("struct") && !defines("enum") {
                    problems.push(format!(
                        "{}: the {kind} `{name}` is defined elsewhere: all that is said of one command \
                         stands in its file",
                        home.path
                    ));
                }
            }
        }
        _ => problems.push(format!(
            "`{command}` has to implement `Asks` in one file, in the folder of its subject below {RULES}: \
             found {:?}",
            homes.iter().map(|home| &home.path).collect::<Vec<_>>()
        )),
    }
    for (folder, what) in [("service", "use case asks"), ("contract", "case of the contract tries")]
    {
        let folder = format!("{RULES}/{folder}");
        let is_tests = |file: &Source| file.path.contains("tests");
        let names = |file: &&Source| file.is_below(&folder) && has_word(&file.text, command);
        if !rules.iter().any(|file| names(&file) && !is_tests(file)) {
            problems.push(format!("no {what} `{command}`: add one to {folder}/"));
        }
    }
    problems
}

/// Whether it lies in the folder of a subject, such as `hold/`.
fn is_of_a_subject(file: &Source) -> bool {
    let inside = file.path.strip_prefix(RULES).unwrap_or_default().trim_start_matches('/');
    inside.split_once('/').is_some_and(|(folder, _)| !NO_SUBJECT.contains(&folder))
}

/// The commands that a file implements.
fn asking(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("impl Asks for ")?.split([' ', '<']).next())
}

/// The lines `Kind(Command) -> Outcome;` of the list.
fn listed(list: &str) -> Vec<Listed<'_>> {
    list.lines()
        .skip_while(|line| *line != "commands! {")
        .take_while(|line| *line != "}")
        .filter_map(|line| {
            let (command, outcome) = line.trim().strip_suffix(';')?.split_once(") -> ")?;
            Some(Listed { command: command.split_once('(')?.1, outcome })
        })
        .collect()
}

mod can_fail {
    use super::*;

    fn rules() -> Vec<Source> {
        [
            (LIST, "commands! {\n    /// Give back.\n    Release(ReleaseHold) -> ReleaseOutcome;\n}\n"),
            (
                "crates/booking/rules/src/hold/release_hold.rs",
                "pub struct ReleaseHold {\npub enum ReleaseOutcome {\nimpl Asks for ReleaseHold {\n",
            ),
            ("crates/booking/rules/src/service/release_hold.rs", "let command = ReleaseHold { hold };"),
            ("crates/booking/rules/src/contract/hold.rs", "ReleaseHold { hold }"),
        ]
        .map(|(path, text)| Source::new(path, text))
        .into()
    }

    /// The problems when this text of this file is another one.
    fn with(file: usize, from: &str, to: &str) -> Vec<String> {
        let mut rules = rules();
        assert!(rules[file].text.contains(from));
        rules[file].text = rules[file].text.replace(from, to);
        misplaced(&rules)
    }

    #[test]
    fn every_place() {
        assert_none(&misplaced(&rules()));
        for (file, from, to, problem) in [
            (0, "commands!", "macro!", "no list of commands"),
            (0, "ReleaseHold", "RenewHold", "`ReleaseHold` is a command that nobody can ask for"),
            (1, "impl Asks for ReleaseHold", "", "has to implement `Asks` in one file"),
            (1, "pub struct ReleaseHold", "", "the command `ReleaseHold` is defined elsewhere"),
            (1, "pub enum ReleaseOutcome", "", "the outcome `ReleaseOutcome` is defined elsewhere"),
            (2, "ReleaseHold", "ReleaseHolds", "no use case asks `ReleaseHold`"),
            (3, "ReleaseHold", "RenewHold", "no case of the contract tries `ReleaseHold`"),
        ] {
            let found = with(file, from, to);
            assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
        }
    }

    #[test]
    fn a_folder_that_is_no_subject() {
        for path in ["batch/release_hold.rs", "release_hold.rs"] {
            let mut rules = rules();
            rules[1].path = format!("{RULES}/{path}");
            assert_eq!(misplaced(&rules).len(), 1, "{path}");
        }
    }
}
