//! Processor time, as Linux counts it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Linux reports processor time in this unit on every architecture (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
/// Processes of a tree come and go; so many looks find one moment without.
const LOOKS_MAX: u32 = 100;

/// What `/proc/<pid>/stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// User and system time of the process itself.
    own_ticks: u64,
    /// The same of its children that have ended and been waited for.
    ended_ticks: u64,
}

/// What this process has used so far, in seconds.
pub fn of_this_process_s() -> Result<f64> {
    Ok(seconds(read(Path::new("/proc/self"))?.own_ticks))
}

/// What the ended children of this process had used, in seconds.
pub fn of_ended_children_s() -> Result<f64> {
    Ok(seconds(read(Path::new("/proc/self"))?.ended_ticks))
}

/// What a process has used so far, in seconds.
pub fn of_process_s(pid: u32) -> Result<f64> {
    Ok(seconds(read(&process_folder(pid))?.own_ticks))
}

/// What a process and its direct children, those that have ended among them, have used so far, in
/// seconds.
pub fn of_family_s(leader: u32) -> Result<f64> {
    for _ in 0..LOOKS_MAX {
        let before = children_of(leader)?;
        let times: Result<Vec<u64>> =
            before.iter().map(|child| Ok(read(&process_folder(*child))?.own_ticks)).collect();
        let stat = read(&process_folder(leader))?;
        // The time of a child goes over to the leader when it is waited for. As long as it is listed, it
        // has not.
        if let Ok(times) = times
            && children_of(leader)? == before
        {
            return Ok(seconds(stat.own_ticks + stat.ended_ticks + times.iter().sum::<u64>()));
        }
    }
    bail!("the children of process {leader} never stayed the same for a moment")
}

fn children_of(parent: u32) -> Result<BTreeSet<u32>> {
    let mut children = BTreeSet::new();
    for entry in fs::read_dir("/proc").context("failed to list the processes")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Whoever has ended since is no child any more.
        if read(&process_folder(pid)).is_ok_and(|stat| stat.parent == parent) {
            children.insert(pid);
        }
    }
    Ok(children)
}

fn process_folder(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

fn read(process: &Path) -> Result<Stat> {
    let text = fs::read_to_string(process.join("stat"))
        .with_context(|| format!("failed to read the processor time in {}", process.display()))?;
    parse(&text).with_context(|| format!("an unreadable stat: {text}"))
}

/// The command, second of the fields, stands in brackets and may hold spaces and brackets.
fn parse(stat: &str) -> Option<Stat> {
    let (_, after_command) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_command.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own_ticks: ticks(11)? + ticks(12)?,
        ended_ticks: ticks(13)? + ticks(14)?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "ticks far below 2^52")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;
    use crate::service::holds_within;

    #[test]
    fn the_times_stand_behind_the_command() {
        let stat = "12 (a b) c) S 7 12 12 0 -1 4194560 100 0 0 0 250 50 30 4 20 0 3 0 5000 1 2";
        assert_eq!(parse(stat), Some(Stat { parent: 7, own_ticks: 300, ended_ticks: 34 }));
        assert_eq!(parse("12 (a) S 1"), None);
    }

    #[test]
    fn a_child_counts_while_it_lives_and_after_its_end() -> Result<()> {
        let this = std::process::id();
        let before = of_family_s(this)?;
        let mut child = Command::new("/bin/sh").args(["-c", "while :; do :; done"]).spawn()?;
        let has_worked = || of_process_s(child.id()).is_ok_and(|used| used >= 0.25);
        assert!(holds_within(Duration::from_mins(1), has_worked));
        let alive = of_family_s(this)?;
        assert!(alive >= before + 0.25, "{before} {alive}");
        let ended_before = of_ended_children_s()?;
        child.kill()?;
        child.wait()?;
        assert!(of_family_s(this)? >= alive);
        assert!(of_ended_children_s()? >= ended_before + 0.25);
        Ok(())
    }
}
