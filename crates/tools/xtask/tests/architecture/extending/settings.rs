//! Settings: each with its comment, its field, its use, and its row in the operator's list.

use super::{Source, sources};
use crate::{assert_none, read};

const DEFAULTS: &str = "crates/einlass/src/config/default.toml";
const FIELDS: &str = "crates/einlass/src/config/mod.rs";
const OPERATOR: &str = "docs/operator.md";
/// Where the operator's list of settings begins.
const LIST: &str = "## Every setting";

#[test]
fn every_setting_is_where_the_page_says() {
    let rust = sources("crates/einlass/src", "rs");
    assert_none(&misplaced(&read(DEFAULTS), &read(FIELDS), &rust, &read(OPERATOR)));
}

fn misplaced(defaults: &str, fields: &str, rust: &[Source], operator: &str) -> Vec<String> {
    let list = operator.split(LIST).nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows: Vec<&str> = list.map_or(Vec::new(), |list| {
        list.lines().filter(|line| line.starts_with("| `")).flat_map(in_first_cell).collect()
    });
    let settings = settings(defaults);
    let mut problems = Vec::new();
    for setting in &settings {
        let path = format!("{}.{}", setting.section, setting.name);
        let mut expect = |is_so: bool, what: &str| {
            if !is_so {
                problems.push(format!("the setting `{path}` {what}"));
            }
        };
        expect(setting.has_comment, &format!("stands under no comment in {DEFAULTS}"));
        let of_section = fields.split(&format!("/// `[{}]`", setting.section)).nth(1);
        let of_section = of_section.and_then(|rest| rest.split("\n}").next()).unwrap_or_default();
        let field = format!("pub {}:", setting.name);
        expect(
            of_section.contains(&field),
            &format!("is no field of its section's struct in {FIELDS}"),
        );
        let is_used =
            |file: &Source| !file.path.contains("/config/") && reads(&file.text, setting.name);
        expect(rust.iter().any(is_used), "is read by nobody outside the configuration");
        expect(
            rows.contains(&&*path),
            &format!("is not in the list `{LIST}` of {OPERATOR}: say when to change it"),
        );
    }
    let is_there = |row: &str| {
        row.split_once('.').is_some_and(|(section, name)| {
            settings.iter().any(|setting| (setting.section, setting.name) == (section, name))
        })
    };
    let unknown = rows.iter().filter(|row| !is_there(row));
    problems.extend(unknown.map(|row| format!("{OPERATOR} lists `{row}`, which is no setting")));
    problems
}

/// Whether code reads a field of this name; a method of the name is none.
fn reads(code: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '(';
    let mut fields = code.match_indices(name).filter(|(start, _)| code[..*start].ends_with('.'));
    fields.any(|(start, _)| !code[start + name.len()..].starts_with(goes_on))
}

/// What stands in backticks in the first cell of a row.
fn in_first_cell(row: &str) -> impl Iterator<Item = &str> {
    row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2)
}

struct Setting<'a> {
    section: &'a str,
    name: &'a str,
    has_comment: bool,
}

/// The settings of a file. Neighbours share the comment above the first of them.
fn settings(defaults: &str) -> Vec<Setting<'_>> {
    let (mut section, mut has_comment) = ("", false);
    let mut settings = Vec::new();
    for line in defaults.lines() {
        if let Some(name) = line.strip_prefix('[') {
            (section, has_comment) = (name.trim_end_matches(']'), false);
        } else if line.starts_with('#') {
            has_comment = true;
        } else if let Some((name, _)) = line.split_once(" = ") {
            settings.push(Setting { section, name, has_comment });
        } else {
            has_comment = false;
        }
    }
    settings
}

mod can_fail {
    use super::*;

    #[test]
    fn every_place() {
        let defaults = "# All.\n\n[booking]\n# Threads.\nworkers = 0\nbatch_max = 64\n";
        let fields = "/// `[booking]`\npub struct Booking {\n    pub workers: usize,\n    pub batch_max: usize,\n}\n";
        let code = "config.workers + config.batch_max";
        let operator = "## Every setting\n| setting | what |\n| `booking.workers`, `booking.batch_max` | `x` |\n\n## Next\n";
        let found = |defaults: &str, fields: &str, code: &str, operator: &str| {
            misplaced(defaults, fields, &[Source::new("src/booking.rs", code)], operator)
        };
        assert_none(&found(defaults, fields, code, operator));
        for (found, problem) in [
            (
                found(&defaults.replace("# Threads.\n", ""), fields, code, operator),
                "`booking.workers` stands under no comment",
            ),
            (
                found(&defaults.replace("batch_max", "\nbatch_max"), fields, code, operator),
                "`booking.batch_max` stands under no comment",
            ),
            (
                found(defaults, &fields.replace("workers", "threads"), code, operator),
                "`booking.workers` is no field",
            ),
            (
                found(defaults, &fields.replace("[booking]", "[room]"), code, operator),
                "`booking.workers` is no field",
            ),
            (
                found(defaults, fields, "config.workers + batch_max", operator),
                "`booking.batch_max` is read by nobody",
            ),
            (
                found(defaults, fields, "server.workers(2) + config.batch_max", operator),
                "`booking.workers` is read by nobody",
            ),
            (
                found(defaults, fields, code, &operator.replace(", `booking.batch_max`", "")),
                "`booking.batch_max` is not in the list",
            ),
            (
                found(defaults, fields, code, &operator.replace("workers", "threads")),
                "lists `booking.threads`, which is no setting",
            ),
            (
                found(defaults, fields, code, &operator.replace("Every setting", "Other")),
                "`booking.workers` is not in the list",
            ),
        ] {
            assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
        }
    }
}
