//! The waiting room service of one process: configure, start, stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context as _;
use campaign_file::CampaignFile;
use kernel::{BatcherLimits, CampaignId};
use pass::PassVerifier;
use tokio::task::JoinHandle;
use waiting_room::audit::By;
use waiting_room::service::{Limits, Parts};
use waiting_room::{RoomStore, RoomStoreError, WaitingRoom};
use waiting_room_delivery::Worker;
use web::health::Readiness;
use web::streams::{StreamLimits, StreamParts};
use web::trace::Tracing;

use crate::config::{Config, WaitingRoomConfig};
use crate::keys::watch::{KeyWatch, KeysInForce};
use crate::keys::{WaitingRoomKeys, require_identity};
use crate::listener::{Listeners, PublicApi};
use crate::process::{Process, StopTimes};
use crate::{adapters, campaign, rate_limits, webhooks};

/// Its name in metrics and traces.
const NAME: &str = "waiting-room";

/// A running waiting room.
pub struct WaitingRoomService {
    listeners: Listeners,
    store: Arc<dyn RoomStore>,
    rooms: Arc<WaitingRoom>,
    renewing: JoinHandle<()>,
    keys: KeyWatch,
    watching: Option<JoinHandle<()>>,
    webhooks: Option<Worker>,
}

impl WaitingRoomService {
    /// Starts the service with these campaigns' rooms; it serves when this returns.
    pub async fn start(
        process: &Process,
        config: &Config,
        keys: WaitingRoomKeys,
        campaigns: &[CampaignFile],
    ) -> anyhow::Result<Self> {
        let endpoints = webhooks::room_endpoints(&config.webhooks)?;
        pass::self_test().context("the crypto library fails its self-test")?;
        let issuer = &config.pass.issuer;
        let in_force = KeysInForce::new(&keys, issuer);
        let store = adapters::room_store(&config.waiting_room, &process.embedded_clock)?;
        let rooms = Arc::new(WaitingRoom::new(Parts {
            store: Arc::clone(&store),
            clock: Arc::clone(&process.clock),
            entropy: Arc::clone(&process.entropy),
            signing: Arc::clone(&in_force.signing),
            draw_key: keys.draw_key.clone(),
            identity_key: keys.identity.clone(),
            verifier: PassVerifier::new(issuer, Arc::clone(&in_force.public))
                .with_mac(in_force.mac_key.clone()),
            limits: limits(&config.waiting_room),
        }));
        let asking = campaigns.iter().map(|file| (&file.id, file.room.identity));
        require_identity(keys.identity.as_ref(), &config.waiting_room.keys_file, asking)?;
        if config.has_embedded_rooms() {
            // This process is the store, so nobody else could put the campaigns into force.
            for file in campaigns {
                rooms.create(&campaign::room_settings(file, &keys.draw_key), &By::start()).await?;
            }
        } else if let Err(error) = rooms.discover().await {
            // Only the operator's `campaign apply` creates rooms; until they are seen it is not ready.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the rooms could not be listed yet");
        }
        let served = campaigns.iter().map(|file| file.id.clone()).collect();
        let app = Data::new(waiting_room_http::App::new(waiting_room_http::Parts {
            rooms: Arc::clone(&rooms),
            keys: Arc::clone(&in_force.public),
            signals_credential: keys.signals.clone(),
            staff: process.staff.clone(),
            refresh_staff_keys: Arc::clone(&process.refresh_staff_keys),
            limits: rate_limits::of_the_waiting_room(&config.limits, process)?,
            guards: campaign::guards(campaigns),
            streams: streams(process, config)?,
        }));
        let readiness = readiness(process, &rooms, served);
        let tracing = process.tracing(NAME)?;
        let api = public_api(&config.waiting_room, readiness, tracing);
        let stop = StopTimes::of(config);
        let listeners = Listeners::start(process, api, stop, waiting_room_http::routes(app))?;
        let path = config.waiting_room.keys_file.clone();
        let watch = KeyWatch::new(path, &keys, in_force, Arc::clone(&process.clock));
        let renewed = Arc::clone(&rooms);
        let renewing = tokio::spawn(async move { renewed.keep_renewing().await });
        let webhooks = webhooks::start_room_worker(
            endpoints,
            Arc::clone(&rooms),
            Arc::clone(&store),
            Arc::clone(&process.entropy),
        )?;
        tracing::info!(url = listeners.url(), "the waiting room is open");
        Ok(Self { listeners, store, rooms, renewing, keys: watch, watching: None, webhooks })
    }

    /// From now on the keys are those of the key file, whatever it says, without a restart.
    pub fn watch_keys(&mut self) {
        let watching = tokio::spawn(self.keys.clone().keep_watching());
        if let Some(before) = self.watching.replace(watching) {
            before.abort();
        }
    }

    /// The public base URL on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        self.listeners.url()
    }

    /// The store of the rooms, on which the operator's use cases work.
    #[must_use]
    pub fn store(&self) -> &dyn RoomStore {
        &*self.store
    }

    /// The rooms as this instance serves them.
    #[must_use]
    pub fn rooms(&self) -> Arc<WaitingRoom> {
        Arc::clone(&self.rooms)
    }

    /// Stops in two phases and loses nothing that was accepted (P16).
    pub async fn stop(self, process: &Process, stop: StopTimes) {
        self.listeners.stop(process, stop).await;
        if let Some(webhooks) = self.webhooks {
            webhooks.finish().await;
        }
        self.rooms.shut_down().await;
        self.renewing.abort();
        if let Some(watching) = self.watching {
            watching.abort();
        }
    }
}

/// In a rush every room of every instance joins people in at most so many trips a second: Redis syncs each one
/// to disk. Nobody notices the wait.
const JOIN_TRIP_EVERY: Duration = Duration::from_millis(1);

fn limits(config: &WaitingRoomConfig) -> Limits {
    Limits {
        joins: BatcherLimits {
            trip_every: JOIN_TRIP_EVERY,
            ..BatcherLimits::new(config.join_queue_depth_max, config.join_batch_max)
        },
        redemptions: BatcherLimits::new(config.redeem_queue_depth_max, config.redeem_batch_max),
        renew_every: Duration::from_millis(config.renew_every_ms),
        polls_per_s_max: config.polls_per_s_max,
    }
}

/// The streams of the status, which is looked at as often as it may change.
fn streams(process: &Process, config: &Config) -> anyhow::Result<StreamParts> {
    let limits = StreamLimits {
        streams_max: config.waiting_room.streams_max,
        per_address_max: config.waiting_room.streams_per_address_max,
        proxies: rate_limits::trusted_proxies(&config.limits)?,
        every: Duration::from_millis(config.waiting_room.renew_every_ms),
    };
    let (drain, entropy) = (process.drain.clone(), Arc::clone(&process.entropy));
    Ok(StreamParts { limits, drain, entropy })
}

/// Ready once the store was reached and found set up as it must be, and every room of the campaigns in
/// force is open here. Afterwards the instance stays ready without the store: polls need none (P13), and
/// a proxy must not cut them off.
fn readiness(process: &Process, rooms: &Arc<WaitingRoom>, in_force: Vec<CampaignId>) -> Readiness {
    let (store, views, served) = (Arc::clone(rooms), Arc::clone(rooms), Arc::clone(rooms));
    let was_ready = Arc::new(AtomicBool::new(false));
    Readiness::new(process.drain.clone())
        .with("room store", move || {
            let (rooms, was_ready) = (Arc::clone(&store), Arc::clone(&was_ready));
            async move {
                let ready = rooms.store_ready().await;
                match ready {
                    Ok(()) => was_ready.store(true, Ordering::Relaxed),
                    Err(RoomStoreError::Unusable(why)) => return Err(why),
                    Err(error) if !was_ready.load(Ordering::Relaxed) => {
                        return Err(format!("{:#}", anyhow::Error::new(error)));
                    }
                    Err(_) => (),
                }
                Ok(())
            }
        })
        .with("rooms", move || {
            let found = what_is_missing(&served, &in_force);
            async move { found }
        })
        .with_detail("views", move || {
            let oldest = views.oldest_view();
            async move { Ok(format!("the oldest one in use is {} ms old", oldest.as_millis())) }
        })
}

fn what_is_missing(rooms: &WaitingRoom, in_force: &[CampaignId]) -> Result<(), String> {
    if let Some(why) = rooms.key_conflict() {
        return Err(why);
    }
    if !rooms.has_seen_all_rooms() {
        return Err("the rooms have not been listed yet".into());
    }
    match rooms.missing(in_force).as_slice() {
        [] => Ok(()),
        missing => {
            let names: Vec<&str> = missing.iter().map(|room| room.as_str()).collect();
            Err(format!(
                "the store has no room, or none that can be served, for {}: put it into force with \
                 `einlass campaign apply`",
                names.join(", ")
            ))
        }
    }
}

fn public_api(
    config: &WaitingRoomConfig,
    readiness: Readiness,
    tracing: Option<Tracing>,
) -> PublicApi {
    PublicApi {
        service: NAME,
        listen: config.listen,
        metrics_listen: config.metrics_listen.clone(),
        workers: config.workers,
        cors_origins: config.cors_origins.clone(),
        readiness,
        openapi: waiting_room_http::openapi(),
        tracing,
    }
}
