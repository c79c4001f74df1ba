//! `cargo xtask simulate gate`: how well the gate uses the seats, and how seldom it calls too many.
//!
//! Each run is 40 minutes of a room with 200 passes at Speyer's pace and an endless crowd. People
//! differ from run to run: none to seven tenths of the called never come; visits last one, four or ten
//! minutes on average; everybody looks whether they are called after 2 to 30 s, and in half of the
//! runs one in ten of those who come looks three minutes later than that.
//!
//! `seats used` is the mean over time of living passes divided by `max_active`, from the third minute
//! to the end. The first two minutes are left out: the seats are empty when the room opens, and the
//! gate has seen nobody come yet. `told to wait` is, of all people of a run who wanted their pass, the
//! part of those who were told at least once that none was free, the first two minutes included.

mod dice;
mod people;
mod store;
mod table;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use waiting_room::gate::{GateLevers, GateRules};
use waiting_room::lane::PerLane;

use self::people::People;
use self::store::Store;
use self::world::{Loss, Outcome, Plan};

/// Simulates how the gate uses the seats, whoever comes and however long they stay
#[derive(clap::Args)]
pub struct Options {
    /// Write the figures into this file as well, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What happens by chance follows from this number
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

const MINUTE_MS: i64 = 60_000;
const SEEDS: u64 = 3;
const NO_SHOWS: [f64; 8] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
const VISITS_S: [f64; 3] = [60.0, 240.0, 600.0];
const LATE: [f64; 2] = [0.0, 0.1];

const RULES: GateRules =
    GateRules { claim_window_s: 600, places_factor_percent: 120, min_active: 20, pass_ttl_s: 900 };

const LEVERS: GateLevers = GateLevers {
    paused: false,
    pace_per_minute: 600,
    burst: 100,
    max_active: 200,
    shares: PerLane([100, 0, 0]),
};

const RUSH: Plan = Plan {
    warm_up_ms: 2 * MINUTE_MS,
    end_ms: 40 * MINUTE_MS,
    crowd: u64::MAX,
    arrives_every_ms: None,
    loss: None,
};

/// One kind of people and what came of it, once for each seed.
struct Runs {
    people: People,
    outcomes: Vec<Outcome>,
}

/// What must hold in every single run.
#[derive(Debug)]
struct Figures {
    seats_used_min: f64,
    seats_used_avg: f64,
    told_to_wait_max: f64,
    over_max_active: u32,
    first_call_after_loss_s_max: f64,
}

pub fn run(options: &Options) -> ExitCode {
    match report(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn report(options: &Options) -> Result<bool> {
    println!("seed {}", options.seed);
    let seeds: Vec<u64> = (0..SEEDS).map(|number| options.seed.wrapping_add(number)).collect();
    let rushes = simulate(&all_people(), RUSH, &seeds);
    let losses = losses(&seeds);
    let figures = Figures::of(&rushes, &losses);
    table::print(&rushes, &losses, &figures);
    if let Some(file) = &options.json {
        let json = serde_json::json!({
            "seed": options.seed,
            "runs": rushes.iter().map(|runs| runs.outcomes.len()).sum::<usize>(),
            "seats_used_min": figures.seats_used_min,
            "seats_used_avg": figures.seats_used_avg,
            "told_to_wait_max": figures.told_to_wait_max,
            "over_max_active": figures.over_max_active,
            "first_call_after_loss_s_max": figures.first_call_after_loss_s_max,
        });
        std::fs::write(file, format!("{json:#}\n"))
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    Ok(figures.reach_the_aims())
}

fn all_people() -> Vec<People> {
    let with = |visit_s| LATE.map(|late| NO_SHOWS.map(|no_shows| people(no_shows, late, visit_s)));
    VISITS_S.into_iter().flat_map(with).flatten().collect()
}

fn people(no_shows: f64, late: f64, visit_s: f64) -> People {
    let pass_ttl_s = f64::from(RULES.pass_ttl_s);
    People { no_shows, late, late_s: 180.0, poll_s: (2.0, 30.0), visit_s, pass_ttl_s }
}

/// Runs every kind of people with every seed, as many at a time as there are cores.
fn simulate(kinds: &[People], plan: Plan, seeds: &[u64]) -> Vec<Runs> {
    let run_all = |people: &People| {
        let run = |&seed| world::run(people, Store::new(RULES, LEVERS), plan, seed);
        Runs { people: *people, outcomes: seeds.iter().map(run).collect() }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = kinds.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = kinds
            .chunks(part)
            .map(|kinds| scope.spawn(move || kinds.iter().map(run_all).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

/// A store that loses everything but who entered and was called: in the middle of a rush, and after
/// 1,200 people were admitted on arrival.
fn losses(seeds: &[u64]) -> Vec<Runs> {
    let in_a_rush = Plan { loss: Some(Loss { at_ms: 20 * MINUTE_MS, crowd: 0 }), ..RUSH };
    let after_arrivals = Plan {
        crowd: 0,
        arrives_every_ms: Some(500),
        loss: Some(Loss { at_ms: 10 * MINUTE_MS + 250, crowd: 2_160 }),
        ..RUSH
    };
    let mut runs = simulate(&[people(0.3, 0.1, 240.0)], in_a_rush, seeds);
    runs.extend(simulate(&[people(0.3, 0.1, 60.0)], after_arrivals, seeds));
    runs
}

impl Figures {
    fn of(rushes: &[Runs], losses: &[Runs]) -> Self {
        let outcomes = || rushes.iter().flat_map(|runs| &runs.outcomes);
        let all = || outcomes().chain(losses.iter().flat_map(|runs| &runs.outcomes));
        let seats_used: Vec<f64> = outcomes().map(|outcome| outcome.seats_used).collect();
        let after_loss = losses.iter().flat_map(|runs| &runs.outcomes);
        Self {
            seats_used_min: seats_used.iter().copied().fold(f64::INFINITY, f64::min),
            seats_used_avg: table::mean(&seats_used),
            told_to_wait_max: outcomes().map(Outcome::told_to_wait_part).fold(0.0, f64::max),
            over_max_active: all().map(|outcome| outcome.over_max_active).max().unwrap_or(0),
            first_call_after_loss_s_max: after_loss
                .map(Outcome::first_call_after_loss_s)
                .fold(0.0, f64::max),
        }
    }

    fn reach_the_aims(&self) -> bool {
        self.seats_used_min >= 0.9
            && self.told_to_wait_max <= 0.05
            && self.over_max_active == 0
            && self.first_call_after_loss_s_max <= 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The aims hold for the extremes of every kind of people, over half an hour. P11, P18.
    #[test]
    fn the_gate_uses_the_seats_and_tells_few_to_wait() {
        let with = |visit_s| {
            [(0.0, 0.0), (0.3, 0.1), (0.7, 0.1)]
                .map(|(no_shows, late)| people(no_shows, late, visit_s))
        };
        let kinds: Vec<People> = VISITS_S.into_iter().flat_map(with).collect();
        let plan = Plan { end_ms: 30 * MINUTE_MS, ..RUSH };
        let figures = Figures::of(&simulate(&kinds, plan, &[20_210_614]), &losses(&[20_210_614]));
        assert!(figures.reach_the_aims(), "{figures:?}");
    }

    #[test]
    fn what_happens_follows_from_the_seed() {
        let run = |seed| {
            let plan = Plan { end_ms: 5 * MINUTE_MS, ..RUSH };
            world::run(&people(0.3, 0.1, 60.0), Store::new(RULES, LEVERS), plan, seed)
        };
        assert_eq!(format!("{:?}", run(7)), format!("{:?}", run(7)));
        assert_ne!(format!("{:?}", run(7)), format!("{:?}", run(8)));
    }

    #[test]
    fn twelve_hundred_are_admitted_on_arrival_before_the_loss() {
        let runs = losses(&[1]);
        assert_eq!(runs[1].outcomes[0].admitted_on_arrival, 1_200);
    }
}
