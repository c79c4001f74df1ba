//! Who runs on which core.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The two cores that are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Of the server under test, and of nothing else of ours.
    pub server: usize,
    /// Of the load generator.
    pub load: usize,
}

impl Cores {
    /// The first and the last core that this process may use.
    pub fn of_this_machine() -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status")
            .context("failed to read /proc: the benchmark needs Linux")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let (server, load) =
            first_and_last(list.unwrap_or_default()).context("failed to read the list of cores")?;
        ensure!(server != load, "server and load need a core each, and there is only one");
        Ok(Self { server, load })
    }

    /// A command that runs `program` on `core` alone. The process keeps its id: `taskset` becomes the
    /// program.
    #[expect(clippy::unused_self, reason = "whoever pins something has cores to pin it to")]
    pub fn pinned(self, core: usize, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &core.to_string()]).arg(program);
        command
    }
}

/// Of a list such as `0-3,8-11`.
fn first_and_last(cores: &str) -> Option<(usize, usize)> {
    let mut numbers = cores.trim().split([',', '-']);
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
            ("\t0-1", Some((0, 1))),
            ("0-3,8-11\n", Some((0, 11))),
            ("2", Some((2, 2))),
            ("1,5", Some((1, 5))),
            ("", None),
        ] {
            assert_eq!(first_and_last(list), expected, "{list}");
        }
    }
}
