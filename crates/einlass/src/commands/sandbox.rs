//! `einlass sandbox`: both services in memory, for whoever builds a frontend.
//!
//! Everything that a frontend must be able to show happens here on demand: every phase at once, a clock
//! that can be moved, and every refusal of the catalogue. What makes it so stands before the services
//! ([`front`]); they themselves are those of production.

mod campaigns;
mod clock;
mod control;
mod crowd;
mod front;
mod magic;
mod orders;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use anyhow::ensure;
use clap::Args;
use kernel::{Clock, SystemClock};
use tokio::task::JoinHandle;
use utoipa::openapi::OpenApi;
use waiting_room::audit::By;
use waiting_room::live::{LiveChange, Message};
use waiting_room::service::operator;
use web::health::Readiness;

use self::campaigns::{PAST, SCENES, SOLD_OUT_PLACES};
use self::clock::MovableClock;
use self::control::Control;
use self::crowd::Crowd;
use self::front::MagicFront;
use self::orders::Orders;
use crate::adapters;
use crate::booking_service::BookingService;
use crate::commands::demo::wait_until_ready;
use crate::config::{Config, load};
use crate::keys::{BookingKeys, NewKeys, WaitingRoomKeys};
use crate::listener::{Listeners, PublicApi};
use crate::process::{Process, StopTimes, asked_to_stop};
use crate::staff::with_own_staff;
use crate::waiting_room_service::WaitingRoomService;

/// How many others wait for the draw, and stand in the line that moves.
const GATHERED: usize = 12;
const WAITING: usize = 20;
/// How many stand in the line that is paused.
const PAUSED: usize = 5;
/// From the instant at which they gather until the sandbox shows itself.
const GATHERED_FOR: Duration = Duration::from_mins(25);
/// How often, and how many times, it is looked whether every campaign is in its phase.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS_MAX: u32 = 300;

/// Run both services in memory, with campaigns in every phase, for whoever builds a frontend.
#[derive(Args)]
pub struct Sandbox {
    /// The waiting room's port on 127.0.0.1; 0 for any
    #[arg(long = "room-port", value_name = "PORT", default_value_t = 8080)]
    room: u16,
    /// The booking API's port on 127.0.0.1; 0 for any
    #[arg(long = "booking-port", value_name = "PORT", default_value_t = 8081)]
    booking: u16,
    /// The port on 127.0.0.1 of the sandbox's own API and example page; 0 for any
    #[arg(long = "control-port", value_name = "PORT", default_value_t = 8082)]
    control: u16,
}

/// The operator's token is valid for as long as anybody could want to look at the sandbox.
const TOKEN_LIFETIME: Duration = Duration::from_hours(24 * 366);

/// All that runs.
struct Stage {
    process: Process,
    config: Config,
    clock: Arc<MovableClock>,
    orders: Arc<Orders>,
    room: WaitingRoomService,
    booking: BookingService,
    /// Opens what is the operator's, for as long as anybody moves the clock.
    operator_token: String,
}

impl Sandbox {
    /// Runs the sandbox until it is asked to stop.
    pub async fn run(self) -> anyhow::Result<u8> {
        web::telemetry::init("warn")?;
        let stage = Box::pin(self.set_up()).await?;
        let crowds = stage.fill().await?;
        stage.until_every_phase().await?;
        let control = self.control(&stage)?;
        stage.print_addresses(&control);
        asked_to_stop().await?;
        for crowd in crowds {
            crowd.abort();
        }
        let Stage { process, config, room, booking, .. } = stage;
        let stop = StopTimes { drain: Duration::ZERO, ..StopTimes::of(&config) };
        tokio::join!(
            control.stop(&process, stop),
            room.stop(&process, stop),
            booking.stop(&process, stop)
        );
        Ok(0)
    }

    /// Starts both services at a time at which no campaign has begun.
    async fn set_up(&self) -> anyhow::Result<Stage> {
        let clock = Arc::new(MovableClock::behind(PAST));
        let orders = Arc::new(Orders::default());
        let (process, operator_token) = with_own_staff(process(&clock, &orders), TOKEN_LIFETIME)?;
        let mut config = self.config()?;
        let keys = NewKeys::generate(&*process.entropy);
        let place = Path::new("the sandbox's keys");
        let room_keys = WaitingRoomKeys::parse(&keys.waiting_room, place)?;
        let booking_keys = BookingKeys::parse(&keys.booking, place)?;
        let shown_at = SystemClock.now();
        let campaigns: Result<Vec<_>, _> =
            SCENES.iter().map(|scene| scene.campaign(shown_at)).collect();
        let campaigns = campaigns?;
        let room = WaitingRoomService::start(&process, &config, room_keys, &campaigns).await?;
        config.booking.jwks = format!("{}/.well-known/jwks.json", room.url());
        config.booking.signals_url = room.url();
        let booking = BookingService::start(&process, &config, booking_keys, &campaigns).await?;
        for url in [room.url(), booking.url()] {
            wait_until_ready(&url).await?;
        }
        Ok(Stage { process, config, clock, orders, room, booking, operator_token })
    }

    fn config(&self) -> anyhow::Result<Config> {
        let mut config = load(None, std::iter::empty())?.config;
        config.waiting_room.listen.set_port(self.room);
        config.booking.listen.set_port(self.booking);
        config.waiting_room.workers = 1;
        config.booking.workers = 1;
        config.limits.turn_off();
        let counted_every_ms = u64::try_from(clock::COUNTED_EVERY.as_millis())?;
        config.booking.signals_every_ms = counted_every_ms;
        config.booking.availability_every_ms = counted_every_ms;
        Ok(config)
    }

    fn control(&self, stage: &Stage) -> anyhow::Result<Listeners> {
        let control = Data::new(Control {
            clock: Arc::clone(&stage.clock),
            orders: Arc::clone(&stage.orders),
            rooms: stage.room.rooms(),
            room_url: stage.room.url(),
            booking_url: stage.booking.url(),
        });
        let api = PublicApi {
            service: "sandbox",
            listen: SocketAddr::from(([127, 0, 0, 1], self.control)),
            metrics_listen: String::new(),
            workers: 1,
            cors_origins: Vec::new(),
            readiness: Readiness::new(stage.process.drain.clone()),
            openapi: OpenApi::default(),
            tracing: None,
        };
        let stop = StopTimes::of(&stage.config);
        Listeners::start(&stage.process, api, stop, control::routes(control))
    }
}

/// A process whose services and stores go by the sandbox's clock, behind its front.
fn process(clock: &Arc<MovableClock>, orders: &Arc<Orders>) -> Process {
    let clock: Arc<dyn Clock> = Arc::<MovableClock>::clone(clock);
    let front = MagicFront { orders: Arc::clone(orders), clock: Arc::clone(&clock) };
    let bookings = adapters::bookings_in_memory(&clock);
    Process {
        clock: Arc::clone(&clock),
        embedded_clock: clock,
        front: Some(Arc::new(front)),
        bookings: Some(bookings),
        ..Process::new(None)
    }
}

impl Stage {
    /// Brings the others into the campaigns, and the clock to the present.
    async fn fill(&self) -> anyhow::Result<Vec<JoinHandle<()>>> {
        self.advance(PAST.saturating_sub(GATHERED_FOR)).await;
        let mut gathering = self.crowd("gathering")?;
        gathering.join(GATHERED).await?;
        let mut waiting = self.crowd("waiting")?;
        waiting.join(WAITING).await?;
        self.pause().await?;
        self.crowd("paused")?.join(PAUSED).await?;
        self.advance(GATHERED_FOR).await;
        self.crowd("sold-out")?.take(SOLD_OUT_PLACES).await?;
        let mut waitlist = self.crowd("waitlist")?;
        waitlist.take(SOLD_OUT_PLACES).await?;
        Ok(vec![
            tokio::spawn(gathering.keep_moving(false)),
            tokio::spawn(waiting.keep_moving(true)),
            tokio::spawn(waitlist.keep_cancelling()),
        ])
    }

    fn crowd(&self, campaign: &str) -> anyhow::Result<Crowd> {
        Crowd::of(campaign, &self.room.url(), &self.booking.url())
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by, &self.room.rooms()).await;
    }

    async fn pause(&self) -> anyhow::Result<()> {
        let message = Message {
            de: "Wir machen eine kurze Pause. Ihr Platz in der Schlange ist sicher.".into(),
            en: "We take a short break. Your place in line is safe.".into(),
        };
        let change = LiveChange {
            paused: Some(true),
            message: Some(Some(message)),
            ..LiveChange::default()
        };
        let room = "paused".parse()?;
        let outcome =
            operator::set(self.room.store(), &room, &change.into(), None, &By::start()).await?;
        let state = outcome.verdict().map_err(anyhow::Error::msg)?;
        ensure!(state.is_some(), "the room that is paused does not exist");
        Ok(())
    }

    async fn until_every_phase(&self) -> anyhow::Result<()> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut missing = Vec::new();
        for _ in 0..LOOKS_MAX {
            looks.tick().await;
            self.room.rooms().renew().await;
            missing.clear();
            for scene in SCENES {
                let url = format!("{}/v1/rooms/{}", self.room.url(), scene.id);
                let status: serde_json::Value = reqwest::get(url).await?.json().await?;
                if status["phase"] != scene.phase {
                    missing.push(format!("{} is {}", scene.id, status["phase"]));
                }
            }
            if missing.is_empty() {
                return Ok(());
            }
        }
        anyhow::bail!("not every campaign is in its phase: {}", missing.join(", "))
    }

    fn print_addresses(&self, control: &Listeners) {
        let (room, booking, control) = (self.room.url(), self.booking.url(), control.url());
        println!(
            "The sandbox is open, until Ctrl-C. docs/sandbox.md says what it can do.\n\
             \n  waiting room  {room}/docs\n  booking API   {booking}/docs\n  sandbox       {control}/sandbox\n"
        );
        for scene in SCENES {
            println!("{room}/v1/rooms/{:<10} {}", scene.id, scene.shows);
        }
        println!(
            "\nan example page  {control}/\n\
             move the clock   curl {control}/sandbox/clock -H 'Content-Type: application/json' -d '{{\"advance_s\": 60}}'\n\
             the operator     curl -H 'Authorization: Bearer {}' {room}/v1/operator/rooms",
            self.operator_token
        );
    }
}
