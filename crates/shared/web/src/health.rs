//! Whether the process lives, and whether it should get requests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::drain::Drain;

/// How long a check may take.
const CHECK_TIME_MAX: Duration = Duration::from_secs(2);

/// What a check found: nothing, or what is missing, in words for the operator.
pub type CheckFuture = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

struct Check {
    name: &'static str,
    run: Box<dyn Fn() -> CheckFuture + Send + Sync>,
    running: Arc<AtomicBool>,
}

/// The conditions under which the process should get requests.
pub struct Readiness {
    drain: Drain,
    checks: Vec<Check>,
}

impl Readiness {
    /// Ready until draining begins.
    #[must_use]
    pub fn new(drain: Drain) -> Self {
        Self { drain, checks: Vec::new() }
    }

    /// Ready only while `run` finds nothing missing.
    ///
    /// A check that takes too long counts as failed and is left to end by itself, so it may use
    /// futures that must not be dropped; until it has ended it is not started again.
    #[must_use]
    pub fn with<F, C>(mut self, name: &'static str, run: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Result<(), String>> + Send + 'static,
    {
        let run = Box::new(move || Box::pin(run()) as CheckFuture);
        self.checks.push(Check { name, run, running: Arc::default() });
        self
    }

    /// Everything that is missing. Runs all checks at once.
    pub async fn missing(&self) -> Vec<Missing> {
        let found = futures_util::future::join_all(self.checks.iter().map(Check::run)).await;
        let draining = self.drain.is_draining().then(|| Missing {
            name: "draining".to_owned(),
            reason: "the process is about to stop".to_owned(),
        });
        draining.into_iter().chain(found.into_iter().flatten()).collect()
    }
}

/// Says that a check has ended, also when it ends by a panic.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Check {
    async fn run(&self) -> Option<Missing> {
        let missing =
            |reason: &str| Some(Missing { name: self.name.to_owned(), reason: reason.to_owned() });
        if self.running.swap(true, Ordering::AcqRel) {
            return missing("an earlier check has not ended yet");
        }
        let (future, running) = ((self.run)(), self.running.clone());
        let task = tokio::spawn(async move {
            let _ended = Ended(running);
            future.await
        });
        match tokio::time::timeout(CHECK_TIME_MAX, task).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(reason))) => missing(&reason),
            Ok(Err(_)) => missing("the check has crashed"),
            Err(_) => missing("no answer in time"),
        }
    }
}

/// The body of `/healthz`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Live {
    /// Always true.
    pub live: bool,
}

/// The body of `/readyz`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Whether the process should get requests.
    pub ready: bool,
    /// What is missing.
    pub missing: Vec<Missing>,
}

/// One thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Missing {
    /// The name of the check.
    pub name: String,
    /// What it found, in words for the operator.
    pub reason: String,
}

/// Whether the process lives: it does if it answers at all.
#[utoipa::path(tag = "health", responses((status = 200, body = Live, description = "The process lives.")))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(Live { live: true })
}

/// Whether the process should get requests.
#[utoipa::path(tag = "health", responses(
    (status = 200, body = Ready, description = "The process should get requests."),
    (status = 503, body = Ready, description = "It should not, for the reasons listed."),
))]
#[get("/readyz")]
pub async fn readyz(readiness: Data<Readiness>) -> HttpResponse {
    let missing = readiness.missing().await;
    let ready = Ready { ready: missing.is_empty(), missing };
    let mut response =
        if ready.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header(("cache-control", "no-store")).json(ready)
}

/// The routes `/healthz` and `/readyz`.
pub fn routes(readiness: Data<Readiness>) -> impl FnOnce(&mut ServiceConfig) + Clone {
    move |config| {
        config.app_data(readiness).service(healthz).service(readyz);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Edge;
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use kernel::SeededEntropy;
    use serde_json::{Value, json};

    async fn ask(path: &str, readiness: Readiness) -> (u16, Value) {
        let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
        let app = App::new().configure(routes(Data::new(readiness))).wrap(edge);
        let request = TestRequest::get().uri(path).to_request();
        let response = call_service(&init_service(app).await, request).await;
        (response.status().as_u16(), read_body_json(response).await)
    }

    #[actix_web::test]
    async fn a_process_without_needs_is_ready() {
        let answer = ask("/readyz", Readiness::new(Drain::new())).await;
        assert_eq!(answer, (200, json!({"ready": true, "missing": []})));
        assert_eq!(
            ask("/healthz", Readiness::new(Drain::new())).await,
            (200, json!({"live": true}))
        );
    }

    #[actix_web::test]
    async fn what_is_missing_is_listed() {
        let drain = Drain::new();
        drain.start();
        let readiness = Readiness::new(drain)
            .with("redis", || async { Err("connection refused".to_owned()) })
            .with("database", || async { Ok(()) });
        let (status, body) = ask("/readyz", readiness).await;
        assert_eq!(status, 503);
        insta::assert_json_snapshot!(body, @r#"
        {
          "missing": [
            {
              "name": "draining",
              "reason": "the process is about to stop"
            },
            {
              "name": "redis",
              "reason": "connection refused"
            }
          ],
          "ready": false
        }
        "#);
    }

    #[actix_web::test]
    async fn a_draining_process_lives() {
        let drain = Drain::new();
        drain.start();
        assert_eq!(ask("/healthz", Readiness::new(drain.clone())).await.0, 200);
        assert_eq!(ask("/readyz", Readiness::new(drain)).await.0, 503);
    }

    #[actix_web::test]
    async fn a_check_that_hangs_fails_and_is_not_started_twice() {
        tokio::time::pause();
        let started = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let count = started.clone();
        let readiness = Readiness::new(Drain::new()).with("database", move || {
            count.fetch_add(1, Ordering::Relaxed);
            std::future::pending()
        });
        let reasons = [readiness.missing().await, readiness.missing().await].concat();
        let reasons: Vec<&str> = reasons.iter().map(|missing| &*missing.reason).collect();
        assert_eq!(reasons, ["no answer in time", "an earlier check has not ended yet"]);
        assert_eq!(started.load(Ordering::Relaxed), 1);
    }

    #[actix_web::test]
    async fn a_check_that_crashes_fails_once_per_ask() {
        let readiness = Readiness::new(Drain::new()).with("bad", || async { panic!("bug") });
        for _ in 0..2 {
            let missing = readiness.missing().await;
            assert_eq!(missing[0].reason, "the check has crashed");
        }
    }
}
