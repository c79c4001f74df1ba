//! The booking service of one process: configure, start, stop.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context as _;
use arc_swap::ArcSwap;
use booking::webhook::WebhookStore;
use booking::{BookingSecrets, BookingStore, Bookings, BookingsLimits, BookingsTasks, MailStore};
use booking_db::{FileLock, MasterKeys};
use booking_delivery::webhooks::Workers as WebhookWorkers;
use booking_delivery::worker::Worker;
use booking_http::PublicUrls;
use campaign_file::CampaignFile;
use kernel::SyncedClock;
use pass::{IdentityKey, IdentityKind, KeySet, PassVerifier, SignalsCredential};
use tokio::task::JoinHandle;
use web::health::Readiness;
use web::streams::StreamLimits;
use web::trace::Tracing;

use crate::config::{BookingConfig, Config};
use crate::jwks::{JwksSource, PublishedKeys};
use crate::keys::{BookingKeys, require_identity};
use crate::listener::{Listeners, PublicApi};
use crate::process::{Process, StopTimes};
use crate::rate_limits::trusted_proxies;
use crate::reporter::{Reporter, Reporting};
use crate::{adapters, campaign, mail, rate_limits, webhooks};

/// Its name in metrics and traces.
const NAME: &str = "booking";

/// A running booking API.
pub struct BookingService {
    listeners: Listeners,
    bookings: Arc<Bookings>,
    tasks: BookingsTasks,
    refreshing: JoinHandle<()>,
    reporting: Option<Reporting>,
    mail: Option<Worker>,
    webhooks: Option<WebhookWorkers>,
    /// The database is this process's until the service has stopped, if it is a file.
    _database_lock: Option<FileLock>,
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
        let database_lock = match &process.bookings {
            Some(_) => None,
            None => adapters::lock_database(&config.booking)?,
        };
        // Opening a database makes a large future, which would be part of this one for ever.
        let identity = keys.secrets.identity().cloned();
        let keys_of_data = keys.personal_data;
        let opened =
            Box::pin(open_stores(process, config, identity, keys_of_data, campaigns)).await;
        let Opened { store, mails, webhooks } = opened?;
        let mac_key = keys.secrets.identity().map(IdentityKey::pass_mac_key);
        let has_identity = mac_key.is_some();
        let secrets = keys.secrets.clone();
        let clock = Arc::new(SyncedClock::new(Arc::clone(&process.clock)));
        let (bookings, tasks) = Bookings::start(
            Arc::clone(&store),
            Arc::clone(&clock),
            Arc::clone(&process.entropy),
            keys.secrets,
            limits(&config.booking),
        );
        let tracing = process.tracing(NAME)?;
        let published =
            PublishedKeys::new(JwksSource::new(&config.booking.jwks)?.traced(tracing.clone()));
        let key_set = published.keys();
        let refresh_every = Duration::from_secs(config.booking.jwks_refresh_s);
        let refreshing = tokio::spawn(Arc::clone(&published).keep_refreshing(refresh_every));
        let reporting = start_reporting(&config.booking, &bookings, keys.signals, tracing.clone())?;
        let webhooks = start_webhooks(process, config, &store, webhooks)?;
        let mail = start_mail(process, config, store, mails.clone(), secrets)?;
        let app = Data::new(booking_http::App::new(booking_http::Parts {
            bookings: Arc::clone(&bookings),
            passes: PassVerifier::new(&config.pass.issuer, Arc::clone(&key_set)).with_mac(mac_key),
            refresh_keys: Box::new(move || published.refreshed()),
            streams: stream_limits(config)?,
            drain: process.drain.clone(),
            urls: public_urls(&config.booking),
            entropy: Arc::clone(&process.entropy),
            limits: rate_limits::of_the_booking_api(&config.limits, process)?,
            mails,
            reports: mail::reports(&config.mail)?,
        }));
        let readiness = readiness(process, &bookings, key_set, has_identity);
        let api = public_api(&config.booking, readiness, tracing);
        let listeners =
            Listeners::start(process, api, StopTimes::of(config), booking_http::routes(app))?;
        tracing::info!(url = listeners.url(), "the booking api is open");
        Ok(Self {
            listeners,
            bookings,
            tasks,
            refreshing,
            reporting,
            mail,
            webhooks,
            _database_lock: database_lock,
        })
    }

    /// The public base URL on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        self.listeners.url()
    }

    /// Stops in two phases and loses nothing that was accepted (P16).
    pub async fn stop(self, process: &Process, stop: StopTimes) {
        self.listeners.stop(process, stop).await;
        self.bookings.shut_down();
        self.tasks.finished().await;
        if let Some(mail) = self.mail {
            mail.finish().await;
        }
        if let Some(webhooks) = self.webhooks {
            webhooks.finish().await;
        }
        if let Some(reporting) = self.reporting {
            reporting.finish().await;
        }
        self.refreshing.abort();
    }
}

/// The ports of the booking database, as far as this process uses them.
struct Opened {
    store: Arc<dyn BookingStore>,
    mails: Option<Arc<dyn MailStore>>,
    webhooks: Option<Arc<dyn WebhookStore>>,
}

/// The booking database, with those of these campaigns that were missing in it. A start replaces
/// nothing: what was changed while another process ran stays so.
async fn open_stores(
    process: &Process,
    config: &Config,
    identity: Option<IdentityKey>,
    personal_data: MasterKeys,
    campaigns: &[CampaignFile],
) -> anyhow::Result<Opened> {
    let keys_file = &config.booking.keys_file;
    let asking = campaigns.iter().map(|file| (&file.id, file.room.identity));
    require_identity(identity.as_ref(), keys_file, asking)?;
    let (store, mails, webhooks) = if let Some(kept_in_memory) = &process.bookings {
        (Arc::clone(kept_in_memory), None, None)
    } else {
        let stores =
            adapters::booking_stores(config, &process.embedded_clock, personal_data).await?;
        let mails = config.mail.is_on().then_some(stores.mails);
        let webhooks = config.webhooks.is_on().then_some(stores.webhooks);
        (stores.bookings, mails, webhooks)
    };
    for file in campaigns.iter().filter(|file| !file.is_room_alone()) {
        let notice = booking::campaign::service::start(&*store, campaign::plan(file)?).await?;
        if let Some(notice) = notice {
            tracing::warn!(campaign = %file.id, "the campaign {notice}");
        }
    }
    // A database that cannot be asked yet is no reason not to start: `readiness` asks again.
    if let Ok(in_force) = store.campaigns().await {
        let asking = in_force.iter().map(|campaign| (&campaign.id, campaign.identity));
        require_identity(identity.as_ref(), keys_file, asking)?;
    }
    Ok(Opened { store, mails, webhooks })
}

/// The worker of this process, if it has one.
fn start_mail(
    process: &Process,
    config: &Config,
    store: Arc<dyn BookingStore>,
    mails: Option<Arc<dyn MailStore>>,
    secrets: BookingSecrets,
) -> anyhow::Result<Option<Worker>> {
    let Some(mails) = mails.filter(|_| config.mail.worker) else { return Ok(None) };
    let entropy = Arc::clone(&process.entropy);
    mail::start_worker(&config.mail, store, mails, secrets, entropy).map(Some)
}

/// The workers of this process that tell other systems, if it has any.
fn start_webhooks(
    process: &Process,
    config: &Config,
    store: &Arc<dyn BookingStore>,
    webhooks: Option<Arc<dyn WebhookStore>>,
) -> anyhow::Result<Option<WebhookWorkers>> {
    let endpoints = webhooks::endpoints(&config.webhooks)?;
    let Some(webhooks) = webhooks.filter(|_| config.webhooks.worker) else { return Ok(None) };
    let (store, entropy) = (Arc::clone(store), Arc::clone(&process.entropy));
    webhooks::start_workers(&endpoints, store, webhooks, entropy).map(Some)
}

fn start_reporting(
    config: &BookingConfig,
    bookings: &Arc<Bookings>,
    credential: SignalsCredential,
    tracing: Option<Tracing>,
) -> anyhow::Result<Option<Reporting>> {
    if config.signals_url.is_empty() {
        return Ok(None);
    }
    let reporter = Reporter::new(Arc::clone(bookings), &config.signals_url, credential)?;
    let reporter = reporter.traced(tracing);
    let every = Duration::from_millis(config.signals_every_ms);
    Ok(Some(Reporting::start(reporter, every)))
}

fn stream_limits(config: &Config) -> anyhow::Result<StreamLimits> {
    Ok(StreamLimits {
        streams_max: config.booking.streams_max,
        per_address_max: config.booking.streams_per_address_max,
        proxies: trusted_proxies(&config.limits)?,
        every: Duration::from_secs(1),
    })
}

/// Where the feeds say that everything is.
fn public_urls(config: &BookingConfig) -> PublicUrls {
    let given = |url: &str| (!url.is_empty()).then(|| url.to_owned());
    let api = config.public_url.trim_end_matches('/');
    PublicUrls {
        api: given(api).unwrap_or_else(|| format!("http://{}", config.listen)),
        page: given(&config.page_url),
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

fn readiness(
    process: &Process,
    bookings: &Arc<Bookings>,
    keys: Arc<ArcSwap<KeySet>>,
    has_identity: bool,
) -> Readiness {
    let (bookings, known) = (Arc::clone(bookings), Arc::clone(bookings));
    Readiness::new(process.drain.clone())
        .with("booking database", move || {
            let bookings = Arc::clone(&bookings);
            async move { bookings.ready().await.map_err(|error| error.to_string()) }
        })
        .with("public keys", move || {
            let known = !keys.load().is_empty();
            async move { known.then_some(()).ok_or_else(|| "no key of the passes is known yet".into()) }
        })
        .with("identity key", move || {
            let view = known.view();
            let mut campaigns = view.campaigns.values().map(|view| view.campaign.identity);
            let is_missing = !has_identity && campaigns.any(IdentityKind::needs_key);
            async move {
                let problem = "a campaign in force asks for identity, and the key file has no [identity] key";
                if is_missing { Err(problem.into()) } else { Ok(()) }
            }
        })
}

fn public_api(config: &BookingConfig, readiness: Readiness, tracing: Option<Tracing>) -> PublicApi {
    PublicApi {
        service: NAME,
        listen: config.listen,
        metrics_listen: config.metrics_listen.clone(),
        workers: config.workers,
        cors_origins: config.cors_origins.clone(),
        readiness,
        openapi: booking_http::openapi(),
        tracing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::keys::NewKeys;

    #[tokio::test]
    async fn a_database_file_is_for_one_service_and_the_operators_commands() {
        let folder = tempfile::tempdir().expect("a folder");
        let process = Process::new(None);
        let mut config = load(None, std::iter::empty()).expect("the defaults").config;
        let file = folder.path().join("booking.db");
        config.booking.database_url =
            format!("sqlite://{}", file.display()).parse().expect("an address");
        let other = adapters::lock_database(&config.booking).expect("free");
        let text = NewKeys::generate(&*process.entropy).booking;
        let keys = || BookingKeys::parse(&text, "keys".as_ref()).expect("keys");
        let refused = BookingService::start(&process, &config, keys(), &[]).await.err();
        let refused = format!("{:#}", refused.expect("refused"));
        assert!(refused.contains("another process has the database"), "{refused}");
        assert!(!file.exists(), "nothing was touched");
        let store = adapters::booking_stores_as_is(&config, &process.embedded_clock, None).await;
        store.expect("`campaign apply` may write meanwhile");
        drop(other);
        assert!(adapters::lock_database(&config.booking).expect("free again").is_some());
    }
}
