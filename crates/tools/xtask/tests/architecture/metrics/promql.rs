//! The names in an expression of Prometheus (PromQL): of metrics, and of their labels.

use std::collections::BTreeSet;

/// What stands before a list of labels in parentheses.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const WORDS: [&str; 6] = ["and", "or", "unless", "bool", "offset", "atan2"];

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub metrics: BTreeSet<String>,
    pub labels: BTreeSet<String>,
}

impl Names {
    pub fn of(expression: &str) -> Self {
        let mut names = Self::default();
        let mut rest = expression;
        let mut lists_labels = false;
        while let Some(first) = rest.chars().next() {
            match first {
                '"' => rest = behind(&rest[1..], '"'),
                '[' => rest = behind(rest, ']'),
                '{' => {
                    names.matchers(&rest[1..rest.find('}').unwrap_or(rest.len())]);
                    rest = behind(rest, '}');
                }
                '(' if lists_labels => {
                    let list = &rest[1..rest.find(')').unwrap_or(rest.len())];
                    let labels = list.split(',').map(str::trim).filter(|label| !label.is_empty());
                    names.labels.extend(labels.map(str::to_owned));
                    rest = behind(rest, ')');
                    lists_labels = false;
                }
                _ if first.is_ascii_digit() => rest = rest.trim_start_matches(is_of_a_name),
                _ if is_of_a_name(first) => {
                    let behind = rest.trim_start_matches(is_of_a_name);
                    let name = &rest[..rest.len() - behind.len()];
                    lists_labels = BEFORE_LABELS.contains(&name);
                    let is_function = behind.trim_start().starts_with('(') && !lists_labels;
                    if !lists_labels
                        && !is_function
                        && !WORDS.contains(&name)
                        && !aggregates(behind)
                    {
                        names.metrics.insert(name.to_owned());
                    }
                    rest = behind;
                }
                _ => rest = &rest[first.len_utf8()..],
            }
        }
        names
    }

    /// `status="2xx",code=~"a|b"`
    fn matchers(&mut self, text: &str) {
        let outside_of_quotes: String = text.split('"').step_by(2).collect();
        let labels = outside_of_quotes.split(|of: char| !is_of_a_name(of));
        self.labels.extend(labels.filter(|label| !label.is_empty()).map(str::to_owned));
    }
}

/// Whether the name before is that of an aggregation whose labels come first: `sum by (room) (…)`.
fn aggregates(behind: &str) -> bool {
    let next = behind.trim_start();
    ["by", "without"]
        .iter()
        .any(|word| next.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('(')))
}

fn behind(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

#[test]
fn names_are_told_from_functions_labels_and_numbers() {
    let names = |expression| {
        let Names { metrics, labels } = Names::of(expression);
        let joined = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(" ");
        (joined(metrics), joined(labels))
    };
    for (expression, metrics, labels) in [
        ("up", "up", ""),
        ("up{job=~\"a|b\", zone!=\"c d\"} == bool 0", "up", "job zone"),
        ("histogram_quantile(0.99, sum by (le) (rate(a_bucket{x=\"y\"}[1m])))", "a_bucket", "le x"),
        ("60 * sum(increase(a_total[5m] offset 1h)) > 1e3", "a_total", ""),
        ("max by(room)(a) and on (room) b unless ignoring (lane) c", "a b c", "lane room"),
        ("sum(a) without (le) / group_left (zone) b", "a b", "le zone"),
    ] {
        assert_eq!(names(expression), (metrics.to_owned(), labels.to_owned()), "{expression}");
    }
}
