//! Plays the scenarios of one part of the product, and tells what came of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;

use crate::clock::now;
use crate::installation::Installation;

/// A story: it opens the stage, breaks something, repairs it, and waits until things go on.
#[async_trait]
pub trait Scenario<S>: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What goes wrong, in one sentence.
    fn about(&self) -> &'static str;

    /// Plays it.
    async fn play(&self, stage: &mut S) -> Result<()>;
}

/// The stage of one run of a scenario.
#[async_trait]
pub trait Staged: Sized + Send + 'static {
    /// What the part of the product is called on the command line.
    const PART: &'static str;
    /// Its scenarios, in the order in which they are played.
    const SCENARIOS: &'static [&'static dyn Scenario<Self>];

    /// An empty one. `program` is the binary `einlass`.
    fn set(program: &Path, seed: u64) -> Result<Self>;

    /// Notes why the scenario did not come to its end.
    fn note_trouble(&mut self, trouble: String);

    /// Sends everybody home, and judges.
    async fn judged(&mut self) -> Judged;
}

/// What came of a run.
pub struct Judged {
    pub is_kept: bool,
    /// What the judge says, to be read.
    pub verdict: String,
    /// What else the run wants to be read.
    pub notes: Vec<String>,
    /// What was told, one line each.
    pub history: Vec<String>,
    /// Where it was played, if it came so far.
    pub installation: Option<Installation>,
}

/// Which scenarios are played, and how.
#[derive(Clone, clap::Args)]
pub struct Selection {
    /// Repeats what this seed gave; else one is drawn from the time of day, and printed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Plays on, each time with the next seed, until so many minutes have passed
    #[arg(long, value_name = "M", default_value_t = 0)]
    minutes: u32,
    /// Plays with this program `einlass`; else one is built, without optimisation
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Plays this scenario only
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

impl Selection {
    /// The same, of one scenario.
    pub fn only(&self, name: &str) -> Self {
        Self { only: Some(name.to_owned()), ..self.clone() }
    }
}

/// The names of all scenarios.
pub fn names<S: Staged>() -> Vec<&'static str> {
    S::SCENARIOS.iter().map(|scenario| scenario.name()).collect()
}

/// Plays what is selected; whether all promises were kept.
pub fn play_all<S: Staged>(
    selection: &Selection,
    build: impl FnOnce() -> Result<PathBuf>,
) -> Result<bool> {
    let program = selection.program.clone().map_or_else(build, Ok)?;
    test_support::provision()?;
    test_support::provision_faketime()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let began = now();
    let ends = began + i64::from(selection.minutes) * 60_000;
    let seed = selection.seed.unwrap_or_else(|| began.unsigned_abs());
    let mut kept = 0;
    let mut broken = Vec::new();
    for seed in seed.. {
        for scenario in S::SCENARIOS.iter().filter(|scenario| is_wanted(selection, **scenario)) {
            println!("\n── {}, seed {seed}: {}", scenario.name(), scenario.about());
            let played = runtime.block_on(play_one(*scenario, &program, seed))?;
            for note in played.notes {
                println!("{note}");
            }
            println!("{}", played.verdict);
            if played.is_kept {
                kept += 1;
            } else {
                if let Some(folder) = played.folder {
                    println!(
                        "what citizens were told, and the instances' logs, are in {}",
                        folder.display()
                    );
                }
                broken.push(replay(*scenario, seed));
            }
        }
        if now() >= ends {
            break;
        }
    }
    println!("\n{kept} kept, {} broken", broken.len());
    for replay in &broken {
        println!("again: {replay}");
    }
    Ok(broken.is_empty())
}

fn is_wanted<S>(selection: &Selection, scenario: &dyn Scenario<S>) -> bool {
    selection.only.as_ref().is_none_or(|only| only == scenario.name())
}

fn replay<S: Staged>(scenario: &dyn Scenario<S>, seed: u64) -> String {
    format!("cargo xtask faults {} --seed {seed} --only {}", S::PART, scenario.name())
}

/// Plays one scenario by name, for tests. The error tells what was broken.
pub async fn play<S: Staged>(name: &str, program: &Path, seed: u64) -> Result<()> {
    let scenario = S::SCENARIOS.iter().find(|scenario| scenario.name() == name);
    let scenario = *scenario.with_context(|| format!("there is no scenario {name}"))?;
    let Played { is_kept, verdict, notes, folder } = play_one(scenario, program, seed).await?;
    println!("{name}, seed {seed}: {verdict}\n{}", notes.join("\n"));
    let logs = folder.map(|folder| format!("\nlogs: {}", folder.display())).unwrap_or_default();
    ensure!(is_kept, "{verdict}{logs}\nagain: {}", replay(scenario, seed));
    Ok(())
}

struct Played {
    is_kept: bool,
    verdict: String,
    notes: Vec<String>,
    /// Where history and logs are, if something was broken after the start.
    folder: Option<PathBuf>,
}

async fn play_one<S: Staged>(
    scenario: &dyn Scenario<S>,
    program: &Path,
    seed: u64,
) -> Result<Played> {
    let mut stage = S::set(program, seed)?;
    if let Err(error) = scenario.play(&mut stage).await {
        stage.note_trouble(format!("{error:#}"));
    }
    let Judged { is_kept, verdict, notes, history, installation } = stage.judged().await;
    let folder = installation.filter(|_| !is_kept).map(Installation::keep);
    if let Some(folder) = &folder {
        std::fs::write(folder.join("history.txt"), history.join("\n"))?;
    }
    Ok(Played { is_kept, verdict, notes, folder })
}
