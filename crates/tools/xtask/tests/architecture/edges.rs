//! Who may know whom. The picture to it is in `docs/ARCHITECTURE.md`.

use crate::assert_none;
use crate::crates::{Crate, all};

/// Each crate with the crates of ours that it may depend on, normally or for its build. For tests,
/// those of [`FOR_TESTS`] come on top.
const ALLOWED: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("pass", &["kernel"]),
    ("staff", &["kernel", "pass"]),
    ("campaign-file", &["kernel", "pass"]),
    ("web", &["kernel"]),
    ("webhook", &["kernel"]),
    ("waiting-room", &["kernel", "pass"]),
    ("booking", &["kernel", "pass"]),
    ("waiting-room-redis", &["kernel", "waiting-room"]),
    ("booking-db", &["kernel", "booking"]),
    ("booking-papers", &["kernel", "booking"]),
    ("booking-delivery", &["kernel", "booking", "booking-papers", "webhook"]),
    ("waiting-room-delivery", &["kernel", "pass", "waiting-room", "webhook"]),
    ("waiting-room-http", &["kernel", "pass", "staff", "waiting-room", "web"]),
    ("booking-http", &["kernel", "pass", "booking", "booking-papers", "web"]),
    (
        "einlass",
        &[
            "kernel",
            "pass",
            "staff",
            "campaign-file",
            "web",
            "waiting-room",
            "waiting-room-redis",
            "waiting-room-delivery",
            "waiting-room-http",
            "booking",
            "booking-db",
            "booking-http",
            "booking-delivery",
            "webhook",
            "loadtest",
        ],
    ),
    ("loadtest", &[]),
    ("test-support", &[]),
    ("bench", &["loadtest", "test-support"]),
    ("faults", &["loadtest", "test-support"]),
    ("xtask", &["bench", "faults", "kernel", "test-support", "waiting-room"]),
];

/// What the tests of each crate may use besides, and of `einlass` further: its tests are the only ones that
/// are sure of a fresh program.
const FOR_TESTS: &str = "test-support";
const FOR_TESTS_OF_EINLASS: &str = "faults";

const DOMAIN: &[&str] =
    &["kernel", "pass", "staff", "campaign-file", "waiting-room", "booking", "booking-papers"];
const HTTP: &[&str] = &["web", "waiting-room-http", "booking-http"];
const ADAPTERS: &[&str] =
    &["waiting-room-redis", "waiting-room-delivery", "booking-db", "booking-delivery", "webhook"];
const LOAD_TEST: &[&str] = &["loadtest"];

/// Crates, the outside crates they must not know (a `*` stands for any ending), and why.
const KEPT_APART: &[(&[&str], &[&str], &str)] = &[
    (
        DOMAIN,
        &["actix*", "deadpool*", "hyper*", "redis", "reqwest", "sea-orm*", "sqlx*", "utoipa*"],
        "rules are pure: put what talks to the outside behind the port, into the adapter",
    ),
    (
        HTTP,
        &["deadpool*", "redis", "sea-orm*", "sqlx*"],
        "wire types know no entities: go through the domain crate's port",
    ),
    (
        ADAPTERS,
        &["actix*", "utoipa*"],
        "storage knows no HTTP: return the port's outcome, the http crate makes a reply of it",
    ),
    (
        LOAD_TEST,
        &["deadpool*", "redis", "sea-orm*", "sqlx*"],
        "the load test sees what a citizen sees: use the HTTP interface",
    ),
];

/// What of tokio reaches outside the process; `full` holds them all.
const TOKIO_IO: &[&str] = &["fs", "full", "io-std", "io-util", "net", "process"];

#[test]
fn every_edge_between_our_crates_is_an_allowed_one() {
    assert_none(&forbidden_edges(&all()));
}

#[test]
fn the_table_of_edges_names_no_crate_that_is_gone() {
    let crates = all();
    let gone: Vec<String> = ALLOWED
        .iter()
        .flat_map(|(from, to)| std::iter::once(from).chain(*to))
        .chain(KEPT_APART.iter().flat_map(|(crates, ..)| *crates))
        .filter(|name| crates.iter().all(|known| known.name != **name))
        .map(|name| {
            format!("'{name}' is no crate: remove it from crates/tools/xtask/tests/architecture/edges.rs")
        })
        .collect();
    assert_none(&gone);
}

#[test]
fn each_layer_keeps_apart_from_what_it_must_not_know() {
    assert_none(&forbidden_neighbours(&all()));
}

#[test]
fn domain_crates_turn_on_no_input_or_output_of_tokio() {
    assert_none(&tokio_io(&all()));
}

fn forbidden_edges(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for from in crates {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == from.name) else {
            problems.push(format!(
                "crate '{}' is in no row of the table of edges: add it to ALLOWED in \
                 crates/tools/xtask/tests/architecture/edges.rs and to docs/ARCHITECTURE.md",
                from.name
            ));
            continue;
        };
        for to in from.dependencies.iter().filter(|dependency| dependency.ours) {
            let of_tests = to.for_tests
                && (to.name == FOR_TESTS
                    || (to.name == FOR_TESTS_OF_EINLASS && from.name == "einlass"));
            if !of_tests && !allowed.contains(&to.name.as_str()) {
                let section = if to.for_tests { "dev-dependency" } else { "dependency" };
                problems.push(format!(
                    "'{from}' must not know '{to}': remove the {section} from {folder}/Cargo.toml and \
                     let 'einlass' bring the two together, or record in docs/adr/ why the arrow is \
                     right and add it to ALLOWED in crates/tools/xtask/tests/architecture/edges.rs",
                    from = from.name,
                    to = to.name,
                    folder = from.folder,
                ));
            }
        }
    }
    problems
}

fn forbidden_neighbours(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for (names, patterns, why) in KEPT_APART {
        for from in crates.iter().filter(|known| names.contains(&known.name.as_str())) {
            for to in from.dependencies.iter().filter(|to| !to.for_tests) {
                if patterns.iter().any(|pattern| matches(pattern, &to.name)) {
                    problems.push(format!(
                        "'{}' must not depend on '{}' ({}/Cargo.toml): {why}",
                        from.name, to.name, from.folder
                    ));
                }
            }
        }
    }
    problems
}

fn tokio_io(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for from in crates.iter().filter(|known| DOMAIN.contains(&known.name.as_str())) {
        let tokio = from.dependencies.iter().filter(|to| to.name == "tokio" && !to.for_tests);
        for feature in tokio.flat_map(|tokio| &tokio.features) {
            if TOKIO_IO.contains(&feature.as_str()) {
                problems.push(format!(
                    "'{}' turns on tokio's '{feature}': remove it from {}/Cargo.toml or the \
                     workspace's line, and add it to the crate that does the input and output",
                    from.name, from.folder
                ));
            }
        }
    }
    problems
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}

mod can_fail {
    use std::path::PathBuf;

    use super::*;
    use crate::crates::Dependency;

    fn with(name: &str, dependency: &str, for_tests: bool, features: &[&str]) -> Vec<Crate> {
        let dependency = Dependency {
            name: dependency.to_owned(),
            for_tests,
            ours: ALLOWED.iter().any(|(known, _)| *known == dependency),
            features: features.iter().map(ToString::to_string).collect(),
        };
        vec![Crate {
            name: name.to_owned(),
            folder: format!("crates/{name}"),
            manifest: PathBuf::new(),
            dependencies: vec![dependency],
        }]
    }

    #[test]
    fn edges() {
        for (from, to, for_tests, problems) in [
            ("pass", "kernel", false, 0),
            ("kernel", "pass", false, 1),
            ("booking", "waiting-room", false, 1),
            ("booking-http", "booking-db", true, 1),
            ("booking-http", "test-support", true, 0),
            ("booking-http", "test-support", false, 1),
            ("einlass", "faults", true, 0),
            ("einlass", "faults", false, 1),
            ("booking-http", "faults", true, 1),
            ("unheard-of", "kernel", false, 1),
        ] {
            let found = forbidden_edges(&with(from, to, for_tests, &[]));
            assert_eq!(found.len(), problems, "{from} → {to}: {found:?}");
        }
    }

    #[test]
    fn neighbours() {
        for (from, to, problems) in [
            ("booking", "sea-orm", 1),
            ("booking-db", "sea-orm-migration", 0),
            ("booking-http", "sea-orm-migration", 1),
            ("waiting-room", "deadpool-redis", 1),
            ("waiting-room-redis", "redis", 0),
            ("waiting-room-redis", "actix-web", 1),
        ] {
            let found = forbidden_neighbours(&with(from, to, false, &[]));
            assert_eq!(found.len(), problems, "{from} → {to}: {found:?}");
        }
    }

    #[test]
    fn features_of_tokio() {
        assert_eq!(tokio_io(&with("kernel", "tokio", false, &["sync", "net", "fs"])).len(), 2);
        assert_eq!(tokio_io(&with("einlass", "tokio", false, &["net"])).len(), 0);
    }
}
