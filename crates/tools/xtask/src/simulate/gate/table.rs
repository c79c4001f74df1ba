//! The figures for people to read.

use super::world::Outcome;
use super::{Figures, NO_SHOWS, Runs};

pub fn print(rushes: &[Runs], losses: &[Runs], figures: &Figures) {
    println!(
        "\nSeats used / takers told to wait, in percent, by the part of the called who never come\n"
    );
    print!("{:<28}", "");
    for no_shows in NO_SHOWS {
        print!("{:>12}", format!("{:.0} %", no_shows * 100.0));
    }
    println!();
    for row in rushes.chunks(NO_SHOWS.len()) {
        if let Some(first) = row.first() {
            let (visit_s, late) = (first.people.visit_s, first.people.late * 100.0);
            print!("{:<28}", format!("visits {visit_s} s, {late:.0} % late"));
        }
        for runs in row {
            let seats_used = percent(runs, |outcome| outcome.seats_used);
            let told_to_wait = percent(runs, Outcome::told_to_wait_part);
            print!("{:>12}", format!("{seats_used:.1} / {told_to_wait:.1}"));
        }
        println!();
    }
    println!();
    for (what, runs) in ["a loss in the rush", "1,200 on arrival, then a loss"].iter().zip(losses) {
        let first_call_s: Vec<f64> =
            runs.outcomes.iter().map(Outcome::first_call_after_loss_s).collect();
        println!("first call after {what:<30} {first_call_s:.2?} s");
    }
    println!(
        "\nseats used:       {:5.1} % at least (aim 90), {:.1} % on average",
        figures.seats_used_min * 100.0,
        figures.seats_used_avg * 100.0
    );
    println!("told to wait:     {:5.1} % at most (aim 5)", figures.told_to_wait_max * 100.0);
    println!("over max_active:  {:5}   at most (aim 0)", figures.over_max_active);
    println!("call after loss:  {:5.1} s at most (aim 10)", figures.first_call_after_loss_s_max);
}

fn percent(runs: &Runs, of: impl Fn(&Outcome) -> f64) -> f64 {
    mean(&runs.outcomes.iter().map(of).collect::<Vec<f64>>()) * 100.0
}

#[expect(clippy::cast_precision_loss, reason = "hundreds of runs")]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
