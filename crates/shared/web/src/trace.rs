//! Traces: what a request has come to in both services, under one id (`OpenTelemetry`, W3C Trace Context).
//!
//! A span has method, route and status. No address, query, token or anything else of a person is in it, and of what a client
//! sends nothing but the ids in `traceparent` goes on. Which traces are recorded follows from their id alone, by the same
//! share in both services: whoever makes up headers cannot have more of them recorded.

use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span,
    SpanExporter,
};

/// The header with the ids (W3C Trace Context, section 3.2).
pub const TRACEPARENT: &str = "traceparent";

/// Spans that wait to be exported; further ones are dropped.
const QUEUE_MAX: usize = 4_096;
/// Spans of one export.
const EXPORT_MAX: usize = 512;
const EXPORT_EVERY: Duration = Duration::from_secs(1);
/// How long a service that stops waits for its last export.
const LAST_TIME_MAX: Duration = Duration::from_secs(3);

/// Records what one service does. Clones record for the same one.
#[derive(Clone, Debug)]
pub struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Tracing {
    /// Records `share` of all traces, from 0 to 1, as `service`, and hands them to `exporter` in a thread of its own.
    #[must_use]
    pub fn new(service: &'static str, share: f64, exporter: impl SpanExporter + 'static) -> Self {
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(EXPORT_MAX)
            .with_scheduled_delay(EXPORT_EVERY)
            .build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let names =
            [KeyValue::new("service.namespace", "einlass"), KeyValue::new("service.name", service)];
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::TraceIdRatioBased(share))
            .with_resource(Resource::builder_empty().with_attributes(names).build())
            .with_span_processor(batches)
            .build();
        let tracer = provider.tracer("einlass");
        Self { provider, tracer }
    }

    /// Begins the span of a request that has come in, as a part of the trace that it names.
    pub(crate) fn request(&self, headers: &HeaderMap) -> RequestSpan {
        let propagator = TraceContextPropagator::new();
        let parent = propagator.extract_with_context(&Context::new(), &Traceparent(headers));
        let span = self.tracer.span_builder("request").with_kind(SpanKind::Server);
        RequestSpan(self.tracer.build_with_context(span, &parent))
    }

    /// Begins the span of a request that goes out, in a trace of its own.
    #[must_use]
    pub fn call(&self, name: &'static str) -> CallSpan {
        let span = self.tracer.span_builder(name).with_kind(SpanKind::Client);
        CallSpan(self.tracer.build_with_context(span, &Context::new()))
    }

    /// Exports what is left, for a few seconds at most. Blocks.
    pub fn shut_down(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_TIME_MAX) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

/// Of the headers of a request only the ids of its trace.
struct Traceparent<'a>(&'a HeaderMap);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then(|| self.0.get(key)?.to_str().ok()).flatten()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// A request that is being answered.
pub(crate) struct RequestSpan(Span);

impl RequestSpan {
    /// The id of its trace, if that is recorded.
    pub(crate) fn trace_id(&self) -> Option<String> {
        self.0.is_recording().then(|| self.0.span_context().trace_id().to_string())
    }

    /// It was answered. `route` is the pattern of the path.
    pub(crate) fn answered(mut self, method: &Method, route: Option<&str>, status: StatusCode) {
        if !self.0.is_recording() {
            return;
        }
        let method = known(method);
        self.0.set_attribute(KeyValue::new("http.request.method", method));
        if let Some(route) = route {
            self.0.update_name(format!("{method} {route}"));
            self.0.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        ended(self.0, status.as_u16(), status.is_server_error());
    }
}

/// A request to another system that is under way.
pub struct CallSpan(Span);

impl CallSpan {
    /// What it says in the header `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let ids = self.0.span_context();
        format!("00-{}-{}-{:02x}", ids.trace_id(), ids.span_id(), ids.trace_flags().to_u8())
    }

    /// It was answered with this status, or not at all.
    pub fn answered(mut self, status: Option<u16>) {
        if let Some(status) = status {
            ended(self.0, status, status >= 400);
        } else {
            self.0.set_status(Status::error("no answer"));
            self.0.end();
        }
    }
}

fn ended(mut span: Span, status: u16, is_error: bool) {
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
    if is_error {
        span.set_status(Status::error(""));
    }
    span.end();
}

/// The method, if it is one of HTTP's own: anybody can make up others.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests;
