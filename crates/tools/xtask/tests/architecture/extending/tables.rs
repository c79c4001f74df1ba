//! Tables of the booking database: each with its file, in the comparison with the schema, and in the order of
//! the migrations.

use std::collections::BTreeSet;

use super::{Source, has_word, sources};
use crate::assert_none;

const TABLES: &str = "crates/booking/db/src/tables";
const MIGRATION: &str = "crates/booking/db/src/migration";
const BATCH: &str = "crates/booking/db/src/batch";

#[test]
fn every_table_is_where_the_page_says() {
    let rust = sources("crates/booking/db/src", "rs");
    let migrations = sources(MIGRATION, "sql");
    let mut problems = misplaced_tables(&rust, &migrations);
    problems.extend(misplaced_migrations(&rust, &migrations));
    assert_none(&problems);
}

fn text<'a>(rust: &'a [Source], path: &str) -> &'a str {
    rust.iter().find(|file| file.path == path).map_or("", |file| &file.text)
}

fn misplaced_tables(rust: &[Source], migrations: &[Source]) -> Vec<String> {
    let modules = text(rust, &format!("{TABLES}/mod.rs"));
    let drift = text(rust, &format!("{TABLES}/drift.rs"));
    let schema = tables(migrations);
    let mut problems = Vec::new();
    let mut described = Vec::new();
    for file in rust.iter().filter(|file| file.is_below(TABLES)) {
        for name in
            file.text.split("table_name = \"").skip(1).filter_map(|rest| rest.split('"').next())
        {
            described.push(name);
            let mut expect = |is_so: bool, what: &str| {
                if !is_so {
                    problems.push(format!("{}: the table `{name}` {what}", file.path));
                }
            };
            expect(file.path == format!("{TABLES}/{name}.rs"), "belongs into a file of its name");
            expect(has_word(modules, &format!("mod {name};")), "is missing from tables/mod.rs");
            expect(
                drift.contains(&format!("create(backend, {name}::Entity)")),
                "is not compared with the schema: add it to `tables` in tables/drift.rs",
            );
            expect(schema.contains(&name), "is made by no migration");
            if file.text.contains("const TABLE: Table") {
                expect(
                    drift.contains(&format!("(&{name}::TABLE)")),
                    "is not compared with what batches know of it: add it to tables/drift.rs",
                );
                let is_used = |file: &&Source| {
                    file.is_below(BATCH) && has_word(&file.text, &format!("{name}::TABLE"))
                };
                expect(rust.iter().any(|file| is_used(&file)), "is loaded and written by no batch");
            }
        }
    }
    let without_file = schema.iter().filter(|name| !described.contains(name));
    problems.extend(without_file.map(|name| {
        format!("the migrations make a table `{name}`: describe it in {TABLES}/{name}.rs")
    }));
    problems
}

/// The tables that are there after all migrations.
fn tables(migrations: &[Source]) -> BTreeSet<&str> {
    let after = |words: &'static str| {
        migrations
            .iter()
            .flat_map(|file| file.text.lines())
            .filter_map(move |line| line.trim().strip_prefix(words))
            .filter_map(|rest| rest.split([' ', '(', ';']).find(|word| !word.is_empty()))
    };
    let renamed: Vec<(&str, &str)> = migrations
        .iter()
        .flat_map(|file| file.text.lines())
        .filter_map(|line| line.trim().strip_prefix("ALTER TABLE ")?.split_once(" RENAME TO "))
        .map(|(from, to)| (from, to.trim_end_matches(';')))
        .collect();
    // A table that was made anew under another name, dropped and renamed is the table it was.
    let gone: Vec<&str> =
        after("DROP TABLE ").filter(|name| !renamed.iter().any(|(_, to)| to == name)).collect();
    after("CREATE TABLE ")
        .filter(|name| !gone.contains(name) && !renamed.iter().any(|(from, _)| from == name))
        .chain(renamed.iter().map(|(_, to)| *to).filter(|name| !gone.contains(name)))
        .collect()
}

fn misplaced_migrations(rust: &[Source], migrations: &[Source]) -> Vec<String> {
    let order = text(rust, &format!("{MIGRATION}/mod.rs"));
    let mut problems = Vec::new();
    for file in migrations {
        let stem = file.stem();
        let its = text(rust, &format!("{MIGRATION}/{stem}.rs"));
        if !its.contains(&format!("include_str!(\"{stem}.sql\")")) {
            problems.push(format!("{}: {MIGRATION}/{stem}.rs does not carry it out", file.path));
        }
        if !order.contains(&format!("Box::new({stem}::Migration)")) {
            problems.push(format!("{}: it is not in the order of {MIGRATION}/mod.rs", file.path));
        }
    }
    problems
}

mod can_fail {
    use super::*;

    fn rust() -> Vec<Source> {
        [
            ("crates/booking/db/src/tables/mod.rs", "pub mod slot;"),
            (
                "crates/booking/db/src/tables/drift.rs",
                "create(backend, slot::Entity)\nassert_described::<slot::Entity>(&slot::TABLE);",
            ),
            (
                "crates/booking/db/src/tables/slot.rs",
                "#[sea_orm(table_name = \"slot\")]\npub(crate) const TABLE: Table = Table {",
            ),
            ("crates/booking/db/src/batch/load.rs", "slot::TABLE.columns"),
            ("crates/booking/db/src/migration/mod.rs", "Box::new(m1_slot::Migration)"),
            ("crates/booking/db/src/migration/m1_slot.rs", "include_str!(\"m1_slot.sql\")"),
        ]
        .map(|(path, text)| Source::new(path, text))
        .into()
    }

    fn migrations(sql: &str) -> [Source; 1] {
        [Source::new("crates/booking/db/src/migration/m1_slot.sql", sql)]
    }

    #[test]
    fn every_place() {
        let migrations = migrations("CREATE TABLE slot (\n");
        let found = |rust: &[Source]| {
            let mut found = misplaced_tables(rust, &migrations);
            found.extend(misplaced_migrations(rust, &migrations));
            found
        };
        assert_none(&found(&rust()));
        for (file, from, to, problem) in [
            (0, "slot", "slots", "is missing from tables/mod.rs"),
            (1, "create(", "make(", "is not compared with the schema"),
            (1, "(&slot::TABLE)", "", "is not compared with what batches know"),
            (2, "\"slot\"", "\"place\"", "`place` belongs into a file of its name"),
            (2, "\"slot\"", "\"place\"", "the migrations make a table `slot`"),
            (2, "\"slot\"", "\"place\"", "`place` is made by no migration"),
            (3, "slot", "hold", "is loaded and written by no batch"),
            (4, "m1_slot", "m2_slot", "it is not in the order"),
            (5, "m1_slot", "m2_slot", "m1_slot.rs does not carry it out"),
        ] {
            let mut rust = rust();
            assert!(rust[file].text.contains(from));
            rust[file].text = rust[file].text.replace(from, to);
            let found = found(&rust);
            assert!(found.iter().any(|found| found.contains(problem)), "{problem}: {found:?}");
        }
    }

    #[test]
    fn the_tables_that_are_left() {
        for (sql, expected) in [
            ("CREATE TABLE a (\nCREATE TABLE b(\n  c text);\nDROP TABLE a;", &["b"][..]),
            ("CREATE TABLE a (\nALTER TABLE a RENAME TO b;", &["b"][..]),
            (
                "CREATE TABLE a (\nCREATE TABLE a_new (\nDROP TABLE a;\nALTER TABLE a_new RENAME TO a;",
                &["a"][..],
            ),
            ("ALTER TABLE a RENAME COLUMN b TO c;\nALTER TABLE a ADD COLUMN d text;", &[][..]),
        ] {
            let migrations = migrations(sql);
            assert!(tables(&migrations).into_iter().eq(expected.iter().copied()), "{sql}");
        }
    }
}
