use std::sync::{Arc, Mutex};

use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use kernel::SeededEntropy;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SpanData;

use super::*;
use crate::{Drain, Edge};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Keeps what it is given.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().expect("no panic").extend(batch);
        Ok(())
    }
}

/// The spans of these requests, of which `share` is recorded.
async fn spans(share: f64, requests: Vec<TestRequest>) -> Vec<SpanData> {
    let kept = Kept::default();
    let tracing = Tracing::new("test", share, kept.clone());
    let edge = Edge::new("test", Drain::new(), Arc::new(SeededEntropy::new(1)));
    let app = App::new()
        .route("/rooms/{room}", web::route().to(HttpResponse::ServiceUnavailable))
        .wrap(edge.traced(Some(tracing.clone())));
    let app = init_service(app).await;
    for request in requests {
        call_service(&app, request.to_request()).await;
    }
    tokio::task::spawn_blocking(move || tracing.shut_down()).await.expect("no panic");
    let kept = kept.0.lock().expect("no panic");
    kept.clone()
}

#[actix_web::test]
async fn a_request_goes_on_with_the_trace_that_it_names_and_tells_of_nobody() {
    let named = TestRequest::get()
        .uri("/rooms/geheim?q=geheim")
        .insert_header(("authorization", "Bearer geheim"))
        .insert_header(("traceparent", format!("00-{TRACE}-b7ad6b7169203331-00")))
        .insert_header(("tracestate", "geheim=geheim"));
    let strange = TestRequest::with_uri("/geheim")
        .method(Method::from_bytes(b"GEHEIM").expect("a method"))
        .insert_header(("traceparent", "00-geheim"));
    let found = spans(1.0, vec![named, strange]).await;
    let [named, strange] = found.as_slice() else { panic!("two spans: {found:?}") };
    assert_eq!(named.span_context.trace_id().to_string(), TRACE);
    assert_eq!(named.parent_span_id.to_string(), "b7ad6b7169203331");
    assert_eq!((named.name.as_ref(), &named.span_kind), ("GET /rooms/{room}", &SpanKind::Server));
    assert_eq!(named.status, Status::error(""));
    let told = |span: &SpanData| -> Vec<String> {
        span.attributes.iter().map(|told| format!("{} {}", told.key, told.value)).collect()
    };
    let expected =
        ["http.request.method GET", "http.route /rooms/{room}", "http.response.status_code 503"];
    assert_eq!(told(named), expected);
    assert_ne!(strange.span_context.trace_id().to_string(), TRACE);
    assert_eq!(told(strange), ["http.request.method _OTHER", "http.response.status_code 404"]);
    assert!(!format!("{found:?}").contains("geheim"), "P15: {found:?}");
}

#[actix_web::test]
async fn the_share_decides_whatever_a_client_asks_for() {
    let asks = || {
        TestRequest::get()
            .uri("/rooms/town")
            .insert_header(("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01")))
    };
    assert_eq!(spans(0.0, vec![asks(), asks()]).await.len(), 0);
}

#[test]
fn a_call_says_which_trace_it_is_part_of() {
    let kept = Kept::default();
    let tracing = Tracing::new("test", 1.0, kept.clone());
    let (answered, unanswered) = (tracing.call("report"), tracing.call("report"));
    let traceparent = answered.traceparent();
    answered.answered(Some(204));
    unanswered.answered(None);
    tracing.shut_down();
    let spans = kept.0.lock().expect("no panic");
    let ids = &spans[0].span_context;
    assert_eq!(traceparent, format!("00-{}-{}-01", ids.trace_id(), ids.span_id()));
    assert_eq!((&spans[0].status, &spans[1].status), (&Status::Unset, &Status::error("no answer")));
}
