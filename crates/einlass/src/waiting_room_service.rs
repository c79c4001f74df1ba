//! The waiting room service of one process: configure, start, stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context as _;
use arc_swap::ArcSwap;
use campaign_file::CampaignFile;
use kernel::BatcherLimits;
use pass::{PassMinter, PassVerifier};
use tokio::task::JoinHandle;
use waiting_room::WaitingRoom;
use waiting_room::store::Created;
use waiting_room::waiting_room::{Limits, Parts};
use web::health::Readiness;

use crate::config::{Config, WaitingRoomConfig};
use crate::keys::WaitingRoomKeys;
use crate::listener::{Listeners, PublicApi};
use crate::process::{Process, StopTimes};
use crate::{adapters, campaign};

/// A running waiting room.
pub struct WaitingRoomService {
    listeners: Listeners,
    rooms: Arc<WaitingRoom>,
    renewing: JoinHandle<()>,
}

impl WaitingRoomService {
    /// Starts the service with these campaigns' rooms; it serves when this returns.
    pub async fn start(
        process: &Process,
        config: &Config,
        keys: WaitingRoomKeys,
        campaigns: &[CampaignFile],
    ) -> anyhow::Result<Self> {
        pass::self_test().context("the crypto library fails its self-test")?;
        let public_keys = Arc::new(ArcSwap::from_pointee(keys.public_keys));
        let issuer = &config.pass.issuer;
        let rooms = Arc::new(WaitingRoom::new(Parts {
            store: adapters::room_store(&config.waiting_room, &process.clock)?,
            clock: Arc::clone(&process.clock),
            entropy: Arc::clone(&process.entropy),
            ticket_keys: keys.ticket_keys,
            draw_key: keys.draw_key.clone(),
            minter: PassMinter::new(keys.signing_key, issuer),
            verifier: PassVerifier::new(issuer, Arc::clone(&public_keys)),
            limits: limits(&config.waiting_room),
        }));
        for file in campaigns {
            let settings = campaign::room_settings(file, &keys.draw_key);
            if rooms.create(&settings).await? == Created::Different {
                tracing::warn!(
                    room = %settings.room,
                    "the room exists with other settings, which stay in force"
                );
            }
        }
        let app = Data::new(waiting_room_http::App::new(waiting_room_http::Parts {
            rooms: Arc::clone(&rooms),
            keys: public_keys,
            service_credential: waiting_room_http::ServiceCredential::new(
                keys.signals_credential.as_str(),
            ),
        }));
        let api = public_api(&config.waiting_room, readiness(process, &rooms));
        let stop = StopTimes::of(config);
        let listeners = Listeners::start(process, api, stop, waiting_room_http::routes(app))?;
        let renewed = Arc::clone(&rooms);
        let renewing = tokio::spawn(async move { renewed.keep_renewing().await });
        tracing::info!(url = listeners.url(), "the waiting room is open");
        Ok(Self { listeners, rooms, renewing })
    }

    /// The public base URL on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        self.listeners.url()
    }

    /// Stops in two phases and loses nothing that was accepted (P16).
    pub async fn stop(self, process: &Process, stop: StopTimes) {
        self.listeners.stop(process, stop).await;
        self.rooms.shut_down().await;
        self.renewing.abort();
    }
}

fn limits(config: &WaitingRoomConfig) -> Limits {
    Limits {
        joins: BatcherLimits {
            queue_depth_max: config.join_queue_depth_max,
            batch_max: config.join_batch_max,
        },
        redemptions: BatcherLimits {
            queue_depth_max: config.redeem_queue_depth_max,
            batch_max: config.redeem_batch_max,
        },
        renew_every: Duration::from_millis(config.renew_every_ms),
    }
}

/// Ready once the store was reached and found set up as it must be. Afterwards the instance stays ready
/// without it: polls need no store (P13), and a proxy must not cut them off.
fn readiness(process: &Process, rooms: &Arc<WaitingRoom>) -> Readiness {
    let (rooms, was_ready) = (Arc::clone(rooms), Arc::new(AtomicBool::new(false)));
    Readiness::new(process.drain.clone()).with("room store", move || {
        let (rooms, was_ready) = (Arc::clone(&rooms), Arc::clone(&was_ready));
        async move {
            match rooms.ready().await {
                Ok(()) => was_ready.store(true, Ordering::Relaxed),
                Err(error) if !was_ready.load(Ordering::Relaxed) => {
                    return Err(format!("{:#}", anyhow::Error::new(error)));
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the room store is away"
                    );
                }
            }
            Ok(())
        }
    })
}

fn public_api(config: &WaitingRoomConfig, readiness: Readiness) -> PublicApi {
    PublicApi {
        service: "waiting-room",
        listen: config.listen,
        metrics_listen: config.metrics_listen.clone(),
        workers: config.workers,
        cors_origins: config.cors_origins.clone(),
        readiness,
        openapi: waiting_room_http::openapi(),
    }
}
