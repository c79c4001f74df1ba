//! Whether the process lives, and whether it should get requests.

mod check;

use std::collections::BTreeMap;
use std::future::Future;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::drain::Drain;

use check::Check;

/// The conditions under which the process should get requests.
///
/// Anybody may ask at any rate: whoever asks while a check runs gets that run's result, and a result
/// is told for one second before the check runs again. So the checks cost the same however many ask,
/// and nobody can make them fail by asking.
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

    /// Ready only while `run` finds nothing missing; otherwise it says what is, in words for the
    /// operator.
    ///
    /// A check that takes longer than two seconds counts as failed and is left to end by itself, so
    /// it may use futures that must not be dropped; until it has ended it is not started again.
    #[must_use]
    pub fn with<F, C>(self, name: &'static str, run: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.add(Check::new(name, move || {
            let check = run();
            async move { check.await.map(|()| None) }
        }))
    }

    /// As [`Self::with`], for a check that has something to tell while nothing is missing, such as
    /// "oldest view 240 ms".
    #[must_use]
    pub fn with_detail<F, C>(self, name: &'static str, run: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Result<String, String>> + Send + 'static,
    {
        self.add(Check::new(name, move || {
            let check = run();
            async move { check.await.map(Some) }
        }))
    }

    fn add(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Everything that is missing, and what the checks tell. All checks run at once.
    pub async fn ask(&self) -> Ready {
        let found = futures_util::future::join_all(self.checks.iter().map(Check::found)).await;
        let mut ready = Ready { ready: true, missing: Vec::new(), details: BTreeMap::new() };
        if self.drain.is_draining() {
            ready.missing.push(Missing {
                name: "draining".to_owned(),
                reason: "the process is about to stop".to_owned(),
            });
        }
        for (check, found) in self.checks.iter().zip(found) {
            let name = check.name().to_owned();
            match found {
                Ok(None) => (),
                Ok(Some(detail)) => {
                    ready.details.insert(name, detail);
                }
                Err(reason) => ready.missing.push(Missing { name, reason }),
            }
        }
        ready.ready = ready.missing.is_empty();
        ready
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
    /// What checks tell that found nothing missing, by the name of the check.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// One thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Missing {
    /// The name of the check.
    pub name: String,
    /// What it found, in words for the operator.
    pub reason: String,
}

/// Say whether the process lives.
///
/// It does if it answers at all.
#[utoipa::path(tag = "health", responses((status = 200, body = Live, description = "The process lives.")))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(Live { live: true })
}

/// Say whether the process should get requests.
#[utoipa::path(tag = "health", responses(
    (status = 200, body = Ready, description = "The process should get requests."),
    (status = 503, body = Ready, description = "It should not, for the reasons listed."),
))]
#[get("/readyz")]
pub async fn readyz(readiness: Data<Readiness>) -> HttpResponse {
    let ready = readiness.ask().await;
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
mod tests;
