//! The booking service of one process: configure, start, stop.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context as _;
use arc_swap::ArcSwap;
use booking::{Applied, BookingStore, Bookings, BookingsLimits, BookingsTasks};
use campaign_file::CampaignFile;
use kernel::SyncedClock;
use pass::{KeySet, PassVerifier};
use tokio::task::JoinHandle;
use web::health::Readiness;

use crate::config::{BookingConfig, Config};
use crate::jwks::{JwksSource, keep_refreshing};
use crate::keys::BookingKeys;
use crate::listener::{Listeners, PublicApi};
use crate::process::{Process, StopTimes};
use crate::reporter::Reporter;
use crate::{adapters, campaign};

/// A running booking API.
pub struct BookingService {
    listeners: Listeners,
    bookings: Arc<Bookings>,
    tasks: BookingsTasks,
    background: Vec<JoinHandle<()>>,
}

impl BookingService {
    /// Starts the service with these campaigns; it serves when this returns.
    pub async fn start(
        process: &Process,
        config: &Config,
        keys: BookingKeys,
        campaigns: &[CampaignFile],
    ) -> anyhow::Result<Self> {
        pass::self_test().context("the crypto library fails its self-test")?;
        let store = adapters::booking_store(&config.booking, &process.clock).await?;
        for file in campaigns {
            apply(&*store, file).await?;
        }
        let clock = Arc::new(SyncedClock::new(Arc::clone(&process.clock)));
        let (bookings, tasks) = Bookings::start(
            store,
            Arc::clone(&clock),
            Arc::clone(&process.entropy),
            keys.secrets,
            limits(&config.booking),
        );
        let key_set = Arc::new(ArcSwap::from_pointee(KeySet::default()));
        let jwks = JwksSource::new(&config.booking.jwks)?;
        let refresh_every = Duration::from_secs(config.booking.jwks_refresh_s);
        let mut background =
            vec![tokio::spawn(keep_refreshing(jwks, Arc::clone(&key_set), refresh_every))];
        if !config.booking.signals_url.is_empty() {
            let reporter = Reporter::new(
                Arc::clone(&bookings),
                &config.booking.signals_url,
                &keys.signals_credential,
            )?;
            let every = Duration::from_millis(config.booking.signals_every_ms);
            background.push(tokio::spawn(async move { reporter.keep_reporting(every).await }));
        }
        let app = Data::new(booking_http::App::new(booking_http::Parts {
            bookings: Arc::clone(&bookings),
            passes: PassVerifier::new(&config.pass.issuer, Arc::clone(&key_set)),
            entropy: Arc::clone(&process.entropy),
        }));
        let api = public_api(&config.booking, readiness(process, &bookings, key_set));
        let listeners =
            Listeners::start(process, api, StopTimes::of(config), booking_http::routes(app))?;
        tracing::info!(url = listeners.url(), "the booking api is open");
        Ok(Self { listeners, bookings, tasks, background })
    }

    /// The public base URL on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        self.listeners.url()
    }

    /// Stops in two phases and loses nothing that was accepted (P16).
    pub async fn stop(self, process: &Process, stop: StopTimes) {
        // Reports and new keys are of no use any more; the waiting room may stop at the same time.
        for task in self.background {
            task.abort();
        }
        self.listeners.stop(process, stop).await;
        self.bookings.shut_down();
        self.tasks.finished().await;
    }
}

/// Puts a campaign into force; says what came of it.
pub async fn apply(store: &dyn BookingStore, file: &CampaignFile) -> anyhow::Result<Applied> {
    let plan = campaign::plan(file)?;
    let now = store.now().await?;
    match store.apply_campaign(&plan, now).await? {
        Applied::Refused(problem) => {
            anyhow::bail!("the campaign {} cannot replace what is in force: {problem}", file.id)
        }
        applied => Ok(applied),
    }
}

fn limits(config: &BookingConfig) -> BookingsLimits {
    BookingsLimits {
        queue_depth_max: config.queue_depth_max,
        batch_max: config.batch_max,
        view_every_ms: config.availability_every_ms,
        ..BookingsLimits::default()
    }
}

fn readiness(process: &Process, bookings: &Arc<Bookings>, keys: Arc<ArcSwap<KeySet>>) -> Readiness {
    let bookings = Arc::clone(bookings);
    Readiness::new(process.drain.clone())
        .with("booking database", move || {
            let bookings = Arc::clone(&bookings);
            async move { bookings.ready().await.map_err(|error| error.to_string()) }
        })
        .with("public keys", move || {
            let known = !keys.load().is_empty();
            async move { known.then_some(()).ok_or_else(|| "no key of the passes is known yet".into()) }
        })
}

fn public_api(config: &BookingConfig, readiness: Readiness) -> PublicApi {
    PublicApi {
        service: "booking",
        listen: config.listen,
        metrics_listen: config.metrics_listen.clone(),
        workers: config.workers,
        cors_origins: config.cors_origins.clone(),
        readiness,
        openapi: booking_http::openapi(),
    }
}
