//! One check, which many may ask for at the same time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How long a check may take.
const CHECK_TIME_MAX: Duration = Duration::from_secs(2);

/// How long a result is told before the check runs again.
const RESULT_KEPT_FOR: Duration = Duration::from_secs(1);

/// What a check found: what it tells while nothing is missing, or what is missing, in words for the
/// operator.
pub(super) type Found = Result<Option<String>, String>;

type Run = dyn Fn() -> Pin<Box<dyn Future<Output = Found> + Send>> + Send + Sync;

/// A check, and the run of it whose result is awaited or still told.
pub(super) struct Check {
    name: &'static str,
    run: Arc<Run>,
    current: Arc<Current>,
}

/// The result of the current run; `None` inside while there is none yet.
#[derive(Default)]
struct Current(Mutex<Option<watch::Receiver<Option<Found>>>>);

impl Current {
    fn lock(&self) -> MutexGuard<'_, Option<watch::Receiver<Option<Found>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes way for the next run, whatever ends this one.
struct MakesWay(Arc<Current>);

impl Drop for MakesWay {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

impl Check {
    pub(super) fn new<F, C>(name: &'static str, run: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Found> + Send + 'static,
    {
        Self { name, run: Arc::new(move || Box::pin(run())), current: Arc::default() }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The result of the current run; there is one at most.
    pub(super) async fn found(&self) -> Found {
        let mut result = self.current();
        let found = result.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
        found.unwrap_or_else(crashed)
    }

    /// The run under way or still told; otherwise one that is started now.
    fn current(&self) -> watch::Receiver<Option<Found>> {
        let mut current = self.current.lock();
        let started = || {
            let (sender, receiver) = watch::channel(None);
            let makes_way = MakesWay(Arc::clone(&self.current));
            tokio::spawn(carry_out(Arc::clone(&self.run), sender, makes_way));
            receiver
        };
        current.get_or_insert_with(started).clone()
    }
}

/// Runs the check in a task of its own, since neither a panic nor the time limit may cut it short
/// for those who ask.
async fn carry_out(run: Arc<Run>, result: watch::Sender<Option<Found>>, _makes_way: MakesWay) {
    let mut check = tokio::spawn(async move { run().await });
    if let Ok(ended) = tokio::time::timeout(CHECK_TIME_MAX, &mut check).await {
        result.send_replace(Some(ended.unwrap_or_else(|_| crashed())));
        #[expect(clippy::disallowed_methods, reason = "the result grows old by time alone")]
        tokio::time::sleep(RESULT_KEPT_FOR).await;
    } else {
        result.send_replace(Some(Err("no answer in time".to_owned())));
        // What it finds in the end comes too late; the next to ask starts it anew.
        let _late = check.await;
    }
}

fn crashed() -> Found {
    Err("the check has crashed".to_owned())
}
