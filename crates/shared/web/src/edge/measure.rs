//! The measurements of the edge, registered once so that a request only adds to them.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};

use crate::problem::{CATALOGUE, Code};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

pub(super) struct Measures {
    /// By method and class of status.
    requests: [[Counter; CLASSES.len()]; METHODS.len()],
    /// By method.
    durations: [Histogram; METHODS.len()],
    /// In the order of the catalogue.
    problems: Vec<Counter>,
}

impl Measures {
    pub(super) fn register(service: &'static str) -> Self {
        describe_counter!("http_requests_total", "requests answered");
        describe_counter!("http_problems_total", "problems told to clients");
        describe_histogram!(
            "http_request_duration_seconds",
            "from the request's head to its answer"
        );
        let requests = METHODS.map(|method| {
            CLASSES.map(|class| {
                let labels = [("service", service), ("method", method), ("status", class)];
                counter!("http_requests_total", &labels)
            })
        });
        let durations = METHODS.map(|method| {
            let labels = [("service", service), ("method", method)];
            histogram!("http_request_duration_seconds", &labels)
        });
        let problem = |name| counter!("http_problems_total", "service" => service, "code" => name);
        let problems = CATALOGUE.iter().map(|entry| problem(entry.name)).collect();
        Self { requests, durations, problems }
    }

    pub(super) fn request(&self, method: &Method, status: StatusCode, took: Duration) {
        let method = match *method {
            Method::GET => 0,
            Method::POST => 1,
            Method::PUT => 2,
            Method::DELETE => 3,
            _ => 4,
        };
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        self.requests[method][class].increment(1);
        self.durations[method].record(took);
    }

    pub(super) fn problem(&self, code: Code) {
        self.problems[code as usize].increment(1);
    }
}
