//! Measurements in the text format of Prometheus.

use std::time::Duration;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, get};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

const SECONDS: &[f64] =
    &[0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// How often recorded durations are folded into their histograms. Until then each is kept, so this
/// bounds the memory under load.
const UPKEEP: Duration = Duration::from_secs(1);

/// The process's measurements.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder of this process. Fails if there is one already.
    pub fn install() -> Result<Self, BuildError> {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
            .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES)?
            .install_recorder()
            .map(Self)
    }

    /// All measurements as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the histograms' memory bounded, for as long as it is polled. Spawn it.
    pub async fn run_upkeep(self) {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }

    /// The route `/metrics`, for an app on a listener of its own: what it tells is not for citizens.
    pub fn routes(self) -> impl FnOnce(&mut ServiceConfig) + Clone {
        move |config| {
            config.app_data(web::Data::new(self)).service(metrics);
        }
    }
}

#[get("/metrics")]
async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(metrics.render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::{TestRequest, call_and_read_body, init_service};

    #[actix_web::test]
    async fn durations_are_rendered_as_histograms() {
        let installed = Metrics::install().expect("the only recorder of this process");
        ::metrics::histogram!("probe_seconds").record(Duration::from_micros(200));
        let app = init_service(actix_web::App::new().configure(installed.routes())).await;
        let request = TestRequest::get().uri("/metrics").to_request();
        let text = call_and_read_body(&app, request).await;
        let text = String::from_utf8_lossy(&text);
        assert!(text.contains("probe_seconds_bucket{le=\"0.0001\"} 0"), "{text}");
        assert!(text.contains("probe_seconds_bucket{le=\"0.00025\"} 1"), "{text}");
    }
}
