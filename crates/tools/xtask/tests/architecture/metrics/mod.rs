//! Metrics: those of the code, those of the operator's guide, and what dashboard and alerts make of them.

mod promql;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use self::promql::Names;
use crate::extending::sources;
use crate::{assert_none, read};

const GUIDE: &str = "docs/operator.md";
const DASHBOARD: &str = "deploy/grafana/einlass.json";
const RULES: &str = "deploy/prometheus/einlass.rules.yml";
/// What Prometheus itself knows: a metric of its own, and labels that it adds.
const OF_PROMETHEUS: &str = "up";
const LABELS_OF_PROMETHEUS: [&str; 3] = ["instance", "job", "le"];
/// Whose metrics are described: what runs in production.
const DESCRIBED: [&str; 4] =
    ["crates/shared", "crates/waiting-room", "crates/booking", "crates/einlass"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

const KINDS: [(&str, Kind); 3] =
    [("counter!(", Kind::Counter), ("gauge!(", Kind::Gauge), ("histogram!(", Kind::Histogram)];

/// The metrics that a source names outside of its tests.
fn counted_in(text: &str) -> Vec<(String, Kind)> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    for (call, kind) in KINDS {
        for (start, _) in text.match_indices(call) {
            let rest = text[start + call.len()..].trim_start();
            let name = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
            found.extend(name.map(|name| (name.to_owned(), kind)));
        }
    }
    found
}

/// Every metric of the code.
fn counted() -> BTreeMap<String, Kind> {
    let sources = DESCRIBED.iter().flat_map(|folder| sources(folder, "rs"));
    let sources = sources
        .filter(|source| source.path.contains("/src/") && !source.path.ends_with("/tests.rs"));
    sources.flat_map(|source| counted_in(&source.text)).collect()
}

/// The metrics in the table of the guide, with what stands in code beside each: its labels and their values.
fn described(guide: &str) -> BTreeMap<String, BTreeSet<String>> {
    let (_, chapter) = guide.split_once("\n## Metrics and logs\n").expect("the chapter");
    let rows = chapter.lines().skip_while(|line| !line.starts_with("| metric "));
    let rows = rows.skip(2).take_while(|line| line.starts_with("| "));
    let in_code = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").collect::<Vec<_>>());
    cells
        .flat_map(|cells| {
            let labels: BTreeSet<String> =
                cells.get(1).map(|cell| in_code(cell)).unwrap_or_default().into_iter().collect();
            in_code(cells[0]).into_iter().map(move |name| (name, labels.clone()))
        })
        .collect()
}

/// What is asked of metrics that are not there, or by labels that they do not have.
fn unknown(
    place: &str,
    expression: &str,
    counted: &BTreeMap<String, Kind>,
    described: &BTreeMap<String, BTreeSet<String>>,
) -> (BTreeSet<String>, Vec<String>) {
    let Names { metrics, labels } = Names::of(expression);
    let mut problems = Vec::new();
    let (mut used, mut known_labels) = (BTreeSet::new(), BTreeSet::new());
    for name in metrics.iter().filter(|name| *name != OF_PROMETHEUS) {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            let name = name.strip_suffix(end)?;
            (counted.get(name) == Some(&Kind::Histogram)).then_some(name)
        });
        let metric = match counted.get(name) {
            Some(Kind::Counter | Kind::Gauge) => name,
            Some(Kind::Histogram) | None => of_histogram.unwrap_or_default(),
        };
        match described.get(metric) {
            Some(labels) => {
                used.insert(metric.to_owned());
                known_labels.extend(labels.iter().cloned());
            }
            None => problems.push(format!("{place}: there is no metric {name}")),
        }
    }
    let is_known = |label: &String| {
        LABELS_OF_PROMETHEUS.contains(&label.as_str()) || known_labels.contains(label)
    };
    let strange = labels.iter().filter(|label| !is_known(label));
    problems.extend(strange.map(|label| format!("{place}: no metric in it has a label {label}")));
    (used, problems)
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(rename = "for")]
    _lasts: Option<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

/// The expressions of a dashboard, each with the title of its panel.
fn panels(dashboard: &str) -> Vec<(String, String)> {
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().cloned().unwrap_or_default();
    let expressions = panels.iter().flat_map(|panel| {
        let title = panel["title"].as_str().unwrap_or_default();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(move |target| {
            (title.to_owned(), target["expr"].as_str().unwrap_or_default().to_owned())
        })
    });
    expressions.collect()
}

#[test]
fn the_guide_describes_every_metric() {
    let (counted, described) = (counted(), described(&read(GUIDE)));
    let missing = counted.keys().filter(|name| !described.contains_key(*name));
    let missing = missing.map(|name| {
        format!("{name} is not in the table of {GUIDE}: add it, with its labels and what it tells")
    });
    let gone = described.keys().filter(|name| !counted.contains_key(*name));
    let gone = gone.map(|name| format!("{GUIDE}: there is no metric {name}"));
    assert_none(&missing.chain(gone).collect::<Vec<_>>());
}

#[test]
fn counters_end_in_total_and_nothing_else_does() {
    // It is older than this rule, and dashboards know it.
    let is_old = |name: &str| name == "booking_store_failures";
    let wrong = counted().into_iter().filter(|(name, kind)| {
        name.ends_with("_total") != (*kind == Kind::Counter) && !is_old(name)
    });
    let wrong = wrong.map(|(name, kind)| format!("{name} is a {kind:?}: its name says otherwise"));
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let (counted, described) = (counted(), described(&read(GUIDE)));
    let (mut shown, mut problems) = (BTreeSet::new(), Vec::new());
    for (panel, expression) in panels(&read(DASHBOARD)) {
        let place = format!("{DASHBOARD}, {panel}");
        let (used, wrong) = unknown(&place, &expression, &counted, &described);
        shown.extend(used);
        problems.extend(wrong);
    }
    let not_shown = counted.keys().filter(|name| !shown.contains(*name));
    problems.extend(not_shown.map(|name| format!("{DASHBOARD}: no panel shows {name}")));
    assert_none(&problems);
}

#[test]
fn alerts_ask_for_metrics_that_exist_and_say_what_to_do() {
    let (counted, described) = (counted(), described(&read(GUIDE)));
    let rules: Rules = serde_saphyr::from_str(&read(RULES)).expect("rules of Prometheus");
    let rules: Vec<Rule> = rules.groups.into_iter().flat_map(|group| group.rules).collect();
    let mut problems = Vec::new();
    for rule in &rules {
        let place = format!("{RULES}, {}", rule.alert);
        problems.extend(unknown(&place, &rule.expr, &counted, &described).1);
        let severity = rule.labels.get("severity").map(String::as_str);
        if !matches!(severity, Some("critical" | "warning" | "info")) {
            problems.push(format!("{place}: its severity is critical, warning or info"));
        }
        for said in ["summary", "runbook"] {
            if rule.annotations.get(said).is_none_or(|text| text.len() < 20) {
                problems.push(format!("{place}: say its {said} in a sentence"));
            }
        }
    }
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.alert.as_str()).collect();
    assert_none(&problems);
    assert_eq!(names.len(), rules.len(), "two alerts have one name");
    assert!(rules.len() > 10, "{RULES} has {} alerts: is it still read?", rules.len());
}

#[test]
fn it_can_fail() {
    let text = "gauge!(\"a\", \"room\" => room); histogram!(\n    \"b_seconds\"\n) counter!(name)\n\
                #[cfg(test)]\nmod tests {\n counter!(\"c_total\")";
    let counted: BTreeMap<String, Kind> = counted_in(text).into_iter().collect();
    let expected = [("a".to_owned(), Kind::Gauge), ("b_seconds".to_owned(), Kind::Histogram)];
    assert_eq!(counted, BTreeMap::from(expected));
    let guide = "\n## Metrics and logs\n\n| metric | labels | |\n|---|---|---|\n\
                 | `a`, `b_seconds` | `room` | text `x` |\n\n`z`";
    let described = described(guide);
    assert_eq!(described.keys().collect::<Vec<_>>(), ["a", "b_seconds"]);
    for (expression, problems) in [
        ("max by (room) (a)", 0),
        ("rate(b_seconds_bucket[1m]) > 0", 0),
        ("a_bucket", 1),
        ("b_seconds", 1),
        ("sum by (lane) (a{room=\"x\"})", 1),
        ("c / d", 2),
    ] {
        let (_, found) = unknown("here", expression, &counted, &described);
        assert_eq!(found.len(), problems, "{expression}: {found:?}");
    }
}
