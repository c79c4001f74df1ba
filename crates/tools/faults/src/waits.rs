//! How long processes stood in line for a processor. On a machine that is busy with something else a
//! reply comes late for that alone, which says nothing about the product.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::clock::{Span, UnixMs, now};

const LOOK_EVERY_MS: i64 = 50;
/// Every thread waits a little all the time.
const WAIT_MIN_MS: i64 = 5;
const NANOSECONDS_PER_MS: u64 = 1_000_000;

/// A process that is watched; its id changes when it is started again. 0 means that it does not run.
pub type ProcessId = Arc<AtomicU32>;

/// A process stood in line for a processor.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// Which instance, or this process, which is the crowd.
    pub instance: Option<usize>,
    /// At most so long.
    pub ms: i64,
    /// When that was.
    pub span: Span,
}

/// A process of a run.
#[derive(Clone)]
struct Watched {
    /// Which instance, or this process, which is the crowd.
    instance: Option<usize>,
    process: ProcessId,
}

/// Looks at the processes until it is dropped. Where the system keeps no such account it sees nothing.
pub struct Waits {
    seen: Arc<Mutex<Vec<Wait>>>,
    processes: Arc<Mutex<Vec<Watched>>>,
    looking: JoinHandle<()>,
}

impl Waits {
    /// Watches this process, which is the crowd. Must be called within a runtime.
    pub fn start() -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let us = Arc::new(AtomicU32::new(std::process::id()));
        let processes = Arc::new(Mutex::new(vec![Watched { instance: None, process: us }]));
        let looking = tokio::spawn(look(Arc::clone(&processes), Arc::clone(&seen)));
        Self { seen, processes, looking }
    }

    /// Watches an instance as well.
    pub fn watch(&self, instance: usize, process: ProcessId) {
        lock(&self.processes).push(Watched { instance: Some(instance), process });
    }

    /// What was seen.
    pub fn seen(&self) -> Vec<Wait> {
        lock(&self.seen).clone()
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn look(processes: Arc<Mutex<Vec<Watched>>>, seen: Arc<Mutex<Vec<Wait>>>) {
    let mut looks = tokio::time::interval(Duration::from_millis(LOOK_EVERY_MS.unsigned_abs()));
    let mut known: HashMap<PathBuf, u64> = HashMap::new();
    loop {
        looks.tick().await;
        let at = now();
        let processes = lock(&processes).clone();
        for Watched { instance, process } in processes {
            let threads = threads(process.load(Ordering::Relaxed));
            let longest = threads.filter_map(|thread| grown(&mut known, thread)).max();
            let wait = longest.and_then(|waited| wait(instance, waited, at));
            lock(&seen).extend(wait);
        }
    }
}

/// The accounts of the threads of a process.
fn threads(process: u32) -> impl Iterator<Item = PathBuf> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    threads.flatten().map(|thread| thread.path().join("schedstat"))
}

/// By how much the account of a thread has grown since the last look, in nanoseconds. The system books
/// a wait when it ends.
fn grown(known: &mut HashMap<PathBuf, u64>, thread: PathBuf) -> Option<u64> {
    let account = std::fs::read_to_string(&thread).ok()?;
    let waited = account.split_whitespace().nth(1)?.parse().ok()?;
    let before = known.insert(thread, waited)?;
    waited.checked_sub(before)
}

fn wait(instance: Option<usize>, waited: u64, until: UnixMs) -> Option<Wait> {
    let ms = i64::try_from(waited / NANOSECONDS_PER_MS).ok()?;
    let span = Span { from: until - LOOK_EVERY_MS - ms, until };
    (ms >= WAIT_MIN_MS).then_some(Wait { instance, ms, span })
}
