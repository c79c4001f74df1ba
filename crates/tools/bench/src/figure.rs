//! Figures, and how they are shown.

use std::fmt;

use serde_json::{Value, json};

use crate::load::Measured;

/// What a figure should come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// One figure, measured several times.
pub struct Figure {
    pub name: &'static str,
    aim: Option<Aim>,
    /// What is counted, for the reader.
    counted: String,
    values: Vec<f64>,
    ours: Vec<Rate>,
    limit: Vec<Rate>,
}

/// What one side did in one measurement.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Requests answered, or bookings made.
    pub per_second: f64,
    /// What this side is.
    pub by: String,
    /// Cores used by the server under test and by the load generator; 1 is a whole core. Unknown where
    /// the two are not processes of ours.
    pub busy: Option<(f64, f64)>,
}

impl Rate {
    /// A measurement of ours.
    pub fn of(by: &str, measured: &Measured) -> Self {
        let busy = Some((measured.server_busy, measured.load_busy));
        Self { per_second: measured.per_second, by: by.to_owned(), busy }
    }
}

impl Figure {
    pub fn new(name: &'static str, aim: Option<Aim>, counted: impl Into<String>) -> Self {
        let counted = counted.into();
        Self { name, aim, counted, values: Vec::new(), ours: Vec::new(), limit: Vec::new() }
    }

    /// Adds a measurement.
    pub fn add(&mut self, value: f64) {
        self.values.push(value);
    }

    /// Adds a measurement beside its limit; their ratio is the value.
    pub fn add_ratio(&mut self, ours: Rate, limit: Rate) {
        self.values.push(ours.per_second / limit.per_second);
        self.ours.push(ours);
        self.limit.push(limit);
    }

    fn median(&self) -> f64 {
        median(self.values.iter().copied())
    }

    fn lowest(&self) -> f64 {
        self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn highest(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn is_met(&self) -> Option<bool> {
        self.aim.map(|aim| match aim {
            Aim::AtLeast(least) => self.median() >= least,
            Aim::AtMost(most) => self.median() <= most,
        })
    }

    /// The columns of the table.
    fn columns(&self) -> [String; 7] {
        let aim = self.aim.map_or_else(String::new, |aim| match aim {
            Aim::AtLeast(least) => format!("≥ {least}"),
            Aim::AtMost(most) => format!("≤ {most}"),
        });
        let met = match self.is_met() {
            None => "",
            Some(true) => "met",
            Some(false) => "short",
        };
        let range = format!("{} – {}", short(self.lowest()), short(self.highest()));
        let side = |rates: &[Rate]| {
            if rates.is_empty() {
                return String::new();
            }
            let busy = median_busy(rates).map_or_else(String::new, |(server, load)| {
                format!(" [{:.0} % / {:.0} %]", server * 100.0, load * 100.0)
            });
            format!("{:.0}/s{busy}", median(rates.iter().map(|rate| rate.per_second)))
        };
        [
            self.name.to_owned(),
            short(self.median()),
            range,
            aim,
            met.to_owned(),
            side(&self.ours),
            side(&self.limit),
        ]
    }

    fn to_json(&self) -> Value {
        let side = |rates: &[Rate]| {
            let first = rates.first()?;
            let busy = median_busy(rates);
            Some(json!({
                "by": first.by,
                "per_second": median(rates.iter().map(|rate| rate.per_second)),
                "server_cores_busy": busy.map(|(server, _)| server),
                "load_cores_busy": busy.map(|(_, load)| load),
                "rounds_per_second": rates.iter().map(|rate| rate.per_second).collect::<Vec<_>>(),
            }))
        };
        let (at_least, at_most) = match self.aim {
            None => (None, None),
            Some(Aim::AtLeast(least)) => (Some(least), None),
            Some(Aim::AtMost(most)) => (None, Some(most)),
        };
        json!({
            "name": self.name,
            "counted": self.counted,
            "median": self.median(),
            "min": self.lowest(),
            "max": self.highest(),
            "rounds": self.values,
            "aim_at_least": at_least,
            "aim_at_most": at_most,
            "aim_met": self.is_met(),
            "ours": side(&self.ours),
            "limit": side(&self.limit),
        })
    }
}

/// All figures of one run.
pub struct Report {
    about: Vec<(&'static str, String)>,
    figures: Vec<Figure>,
}

const HEADINGS: [&str; 7] = ["figure", "median", "min – max", "aim", "", "ours", "limit"];

impl Report {
    /// Of a run under these circumstances.
    pub fn new(circumstances: Vec<(&'static str, String)>) -> Self {
        let read = |file| std::fs::read_to_string(file).unwrap_or_default();
        let cpus = read("/proc/cpuinfo");
        let cpu = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
        let mut about = vec![
            ("machine", format!("{cores} cores, {}", cpu.unwrap_or("unknown"))),
            ("load_average_before", read("/proc/loadavg").trim().to_owned()),
        ];
        about.extend(circumstances);
        Self { about, figures: Vec::new() }
    }

    pub fn add(&mut self, figures: Vec<Figure>) {
        self.figures.extend(figures);
    }

    /// The median of each figure under its name, and everything about all under `figures`.
    pub fn to_json(&self) -> Value {
        let about: serde_json::Map<String, Value> = self
            .about
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str())))
            .collect();
        let figures: Vec<Value> = self.figures.iter().map(Figure::to_json).collect();
        let medians = self.figures.iter();
        let mut report: serde_json::Map<String, Value> =
            medians.map(|figure| (figure.name.to_owned(), figure.median().into())).collect();
        report.insert("about".to_owned(), about.into());
        report.insert("figures".to_owned(), figures.into());
        report.into()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in &self.about {
            writeln!(f, "{}: {text}", name.replace('_', " "))?;
        }
        writeln!(
            f,
            "in brackets: how busy [server / load generator] were, 100 % being a whole core\n"
        )?;
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.figures.iter().map(Figure::columns));
        let width = |column: usize| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
        for row in &rows {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        writeln!(f)?;
        for figure in &self.figures {
            let limit = figure.limit.first();
            let against = limit.map_or_else(String::new, |limit| format!("; limit: {}", limit.by));
            writeln!(f, "{}: {}{against}", figure.name, figure.counted)?;
        }
        Ok(())
    }
}

fn median_busy(rates: &[Rate]) -> Option<(f64, f64)> {
    let busy: Vec<(f64, f64)> = rates.iter().filter_map(|rate| rate.busy).collect();
    (!busy.is_empty()).then(|| {
        (median(busy.iter().map(|(server, _)| *server)), median(busy.iter().map(|(_, load)| *load)))
    })
}

/// The middle value; of an even number the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

/// With as many digits as say something.
fn short(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: f64) -> Rate {
        Rate { per_second, by: "a server".to_owned(), busy: Some((1.0, 0.5)) }
    }

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()).to_bits(), 2.5_f64.to_bits());
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn a_figure_is_held_against_its_aim() {
        let mut figure = Figure::new("a_vs_b", Some(Aim::AtLeast(0.5)), "a");
        figure.add_ratio(rate(40.0), rate(100.0));
        assert_eq!(figure.is_met(), Some(false));
        figure.add_ratio(rate(60.0), rate(100.0));
        figure.add_ratio(rate(50.0), rate(100.0));
        assert_eq!(figure.is_met(), Some(true));
        assert_eq!(
            figure.columns(),
            [
                "a_vs_b",
                "0.500",
                "0.400 – 0.600",
                "≥ 0.5",
                "met",
                "50/s [100 % / 50 %]",
                "100/s [100 % / 50 %]"
            ]
        );
        let mut few = Figure::new("c", Some(Aim::AtMost(60.0)), "c");
        few.add(61.0);
        assert_eq!(few.to_json()["aim_met"], false);
        assert_eq!(few.columns()[1..5], ["61.0", "61.0 – 61.0", "≤ 60", "short"]);
    }

    #[test]
    fn a_report_has_a_line_for_each_figure() {
        let mut report = Report::new(vec![("rounds", "1 of 1 s".to_owned())]);
        let mut figure = Figure::new("d", None, "what d is");
        figure.add_ratio(rate(1.0), rate(2.0));
        let mut with_aim = Figure::new("e", Some(Aim::AtMost(1.0)), "what e is");
        with_aim.add(0.25);
        report.add(vec![figure, with_aim]);
        let text = report.to_string();
        assert!(text.contains("\nrounds: 1 of 1 s\n"), "{text}");
        assert!(text.contains("\nd: what d is; limit: a server\n"), "{text}");
        let json = report.to_json();
        assert_eq!(json["figures"][0]["limit"]["per_second"], 2.0);
        assert_eq!((&json["d"], &json["e"]), (&json!(0.5), &json!(0.25)));
    }
}
