//! What a process holds.

use std::fmt;
use std::fs;

use crate::instance::Instance;

/// Memory that the allocator keeps for later is no leak; what thousands of requests leave behind is more.
const GROWTH_MAX_KIB: u64 = 8 * 1_024;

/// Sockets and memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Open sockets, those to the database included.
    pub sockets: usize,
    /// Memory that lies in no file.
    pub memory_kib: u64,
}

impl Resources {
    /// Of an instance, where the system tells (Linux).
    pub fn of(instance: &Instance) -> Option<Self> {
        let process = format!("/proc/{}", instance.process_number());
        let open = fs::read_dir(format!("{process}/fd")).ok()?.flatten();
        let leads = open.filter_map(|file| fs::read_link(file.path()).ok());
        let sockets = leads.filter(|to| to.to_string_lossy().starts_with("socket:")).count();
        let status = fs::read_to_string(format!("{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        let memory_kib = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(Self { sockets, memory_kib })
    }

    /// What has been kept since, if it is more than chance.
    pub fn kept_since(self, before: &Self) -> Option<String> {
        let growth = self.memory_kib.saturating_sub(before.memory_kib);
        (growth > GROWTH_MAX_KIB).then(|| format!("{growth} KiB more than after the same before"))
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sockets and {} KiB", self.sockets, self.memory_kib)
    }
}
