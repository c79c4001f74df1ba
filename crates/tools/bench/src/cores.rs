//! Who runs on which core.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The cores of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Of the server under test, where it has one for itself.
    pub server: usize,
    /// Of the load generator, where it has one for itself.
    pub load: usize,
    /// All that may be used, as a list such as `0-3,8-11`.
    pub all: String,
}

/// Where a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this core alone.
    Core(usize),
    /// Wherever there is room.
    Anywhere,
}

impl Cores {
    /// Those that this process may use; the first and the last are the ones that are kept apart.
    pub fn of_this_machine() -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status")
            .context("failed to read /proc: the benchmark needs Linux")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let all = list.unwrap_or_default().trim().to_owned();
        let (server, load) = first_and_last(&all).context("failed to read the list of cores")?;
        ensure!(server != load, "server and load need a core each, and there is only one");
        Ok(Self { server, load, all })
    }

    /// Moves this process, with all its threads, to `place`. What it starts from then on begins there.
    pub fn move_this_process(&self, place: Place) -> Result<()> {
        let list = match place {
            Place::Core(core) => core.to_string(),
            Place::Anywhere => self.all.clone(),
        };
        let output = Command::new("taskset")
            .args(["--all-tasks", "--pid", "--cpu-list", &list, &std::process::id().to_string()])
            .output()
            .context("failed to run taskset (Debian: util-linux)")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "taskset failed: {}", errors.trim());
        Ok(())
    }
}

impl Place {
    /// A command that runs `program` here, if this process may run anywhere. The process keeps its id:
    /// `taskset` becomes the program.
    pub fn command(self, program: &Path) -> Command {
        match self {
            Self::Core(core) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &core.to_string()]).arg(program);
                command
            }
            Self::Anywhere => Command::new(program),
        }
    }
}

/// Of a list such as `0-3,8-11`.
fn first_and_last(cores: &str) -> Option<(usize, usize)> {
    let mut numbers = cores.split([',', '-']);
    let first = numbers.next()?.parse().ok()?;
    let last = numbers.next_back().map_or(Some(first), |last| last.parse().ok())?;
    Some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_cores_are_taken() {
        for (list, expected) in [
            ("0-1", Some((0, 1))),
            ("0-3,8-11", Some((0, 11))),
            ("2", Some((2, 2))),
            ("1,5", Some((1, 5))),
            ("", None),
        ] {
            assert_eq!(first_and_last(list), expected, "{list}");
        }
    }
}
