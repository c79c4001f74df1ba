//! One line per request, written where its outcome is known.
//!
//! Neither address nor query is written, only the route: they may say who somebody is.

use std::cell::Cell;
use std::time::Duration;

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use kernel::Stopwatch;
use tracing::{Level, debug, enabled, error};

use crate::problem::Problem;

const QUIET: Duration = Duration::from_secs(1);

/// By what a line is found again.
pub(super) struct Ids<'a> {
    /// What the client sees.
    pub request: &'a HeaderValue,
    /// The trace that it is a span of, if that is recorded.
    pub trace: Option<String>,
}

/// The log of one worker's requests: server errors as errors, the rest for debugging.
#[derive(Default)]
pub(super) struct RequestLog {
    last_busy: Cell<Option<Stopwatch>>,
    suppressed: Cell<u64>,
}

impl RequestLog {
    pub(super) fn request<B>(
        &self,
        response: &ServiceResponse<B>,
        ids: &Ids<'_>,
        problem: Option<&Problem>,
        took: Duration,
    ) {
        let status = response.status();
        let suppressed = if !status.is_server_error() {
            if enabled!(Level::DEBUG) {
                debug_line(response, ids, problem, took);
            }
            return;
        } else if status == StatusCode::SERVICE_UNAVAILABLE {
            let since_last = self.last_busy.get().map(|last| last.elapsed());
            let Some(suppressed) = self.busy(since_last) else { return };
            suppressed
        } else {
            0
        };
        error!(
            request_id = ids.request.to_str().unwrap_or_default(),
            trace_id = ids.trace,
            method = response.request().method().as_str(),
            route = response.request().match_pattern(),
            status = status.as_u16(),
            code = problem.map(|problem| problem.code().name()),
            reason = problem.and_then(Problem::reason),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            suppressed,
            "request failed"
        );
    }

    /// Under overload, writing a line for each refusal would itself be the load: one per second is
    /// written, with the number of those left out since the last one.
    fn busy(&self, since_last: Option<Duration>) -> Option<u64> {
        if since_last.is_some_and(|since_last| since_last < QUIET) {
            self.suppressed.set(self.suppressed.get() + 1);
            return None;
        }
        self.last_busy.set(Some(Stopwatch::start()));
        Some(self.suppressed.take())
    }
}

#[cold]
fn debug_line<B>(
    response: &ServiceResponse<B>,
    ids: &Ids<'_>,
    problem: Option<&Problem>,
    took: Duration,
) {
    debug!(
        request_id = ids.request.to_str().unwrap_or_default(),
        trace_id = ids.trace,
        method = response.request().method().as_str(),
        route = response.request().match_pattern(),
        status = response.status().as_u16(),
        code = problem.map(|problem| problem.code().name()),
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_under_load_are_written_once_a_second() {
        let log = RequestLog::default();
        assert_eq!(log.busy(None), Some(0));
        assert_eq!(log.busy(Some(Duration::ZERO)), None);
        assert_eq!(log.busy(Some(Duration::from_millis(999))), None);
        assert_eq!(log.busy(Some(QUIET)), Some(2), "the next line tells how many are missing");
    }
}
