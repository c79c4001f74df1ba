//! Where traces go: to a collector, by OTLP over HTTP (`OpenTelemetry` Protocol 1.x, in protobuf).

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use tokio::runtime::Handle;
use web::trace::{TRACEPARENT, Tracing};

use crate::config::TracesConfig;

const EXPORT_TIME_MAX: Duration = Duration::from_secs(5);

/// The collector of this process.
#[derive(Clone, Debug)]
pub struct Traces {
    endpoint: String,
    share: f64,
    sender: Sender,
}

impl Traces {
    /// The collector that the configuration names, if it names one. Call it in the runtime that sends.
    pub fn of(config: &TracesConfig) -> anyhow::Result<Option<Self>> {
        if config.endpoint.is_empty() {
            return Ok(None);
        }
        let client = reqwest::Client::builder().timeout(EXPORT_TIME_MAX).build()?;
        Ok(Some(Self {
            endpoint: config.endpoint.clone(),
            share: f64::from(config.recorded_per_mille) / 1_000.0,
            sender: Sender { client, runtime: Handle::current() },
        }))
    }

    /// Records what this service does.
    pub fn of_service(&self, service: &'static str) -> anyhow::Result<Tracing> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(self.sender.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&self.endpoint)
            .with_timeout(EXPORT_TIME_MAX)
            .build()
            .context("failed to set up the traces")?;
        Ok(Tracing::new(service, self.share, exporter))
    }
}

/// Sends with the client that everything here sends with. The exporter has a thread without a runtime.
#[derive(Clone, Debug)]
struct Sender {
    client: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let url = head.uri.to_string();
        let request = self.client.request(head.method, url).headers(head.headers).body(body);
        let sent = self.runtime.spawn(async move {
            let answer = request.send().await?;
            let status = answer.status();
            // What the collector says of it is of no use here.
            Ok::<_, reqwest::Error>(status)
        });
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = sent.await??;
        Ok(response)
    }
}

/// Sends a request as a span of a trace, which it names to whoever answers.
pub async fn traced(
    tracing: Option<&Tracing>,
    name: &'static str,
    request: reqwest::RequestBuilder,
) -> reqwest::Result<reqwest::Response> {
    let Some(tracing) = tracing else { return request.send().await };
    let span = tracing.call(name);
    let answer = request.header(TRACEPARENT, span.traceparent()).send().await;
    span.answered(answer.as_ref().ok().map(|answer| answer.status().as_u16()));
    answer
}
