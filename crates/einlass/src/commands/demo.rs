//! `einlass demo`: the Speyer campaign on this machine, with a rush to watch.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use campaign_file::CampaignFile;
use clap::Args;
use kernel::{Clock as _, Entropy, Timestamp};
use loadtest::progress;
use loadtest::rush::{self, Summary};
use tokio::sync::watch;

use crate::adapters;
use crate::booking_service::BookingService;
use crate::commands::campaign::apply_room;
use crate::config::{Config, MailTransport, load};
use crate::keys::{BookingKeys, NewKeys, WaitingRoomKeys};
use crate::process::{Process, StopTimes, asked_to_stop};
use crate::staff::with_own_staff;
use crate::waiting_room_service::WaitingRoomService;

const SPEYER: &str = include_str!("../../../../deploy/campaigns/speyer-2021-06-20.toml");

/// From the start of the demo until people gather: the room must be in force by then, or else it would
/// listen to tickets of an earlier one first.
const GATHERS_AFTER: Duration = Duration::from_secs(2);
/// From then to the first opening: the time in which most people arrive.
const GATHERING: Duration = Duration::from_secs(10);
/// Between two openings; in Speyer it was three hours.
const OPENINGS_EVERY: Duration = Duration::from_secs(6);
/// How long the services may take to become ready, and how often they are asked.
const READY_POLL_EVERY: Duration = Duration::from_millis(50);
const READY_POLLS_MAX: u32 = 400;
/// The longest that the rush may take.
const DEADLINE_S: f64 = 300.0;
/// People of the demo think ten times faster than people do.
const TIME_SCALE: f64 = 0.1;

/// Play the Speyer campaign with a simulated rush.
#[derive(Args)]
pub struct Demo {
    /// How many people come
    #[arg(long, default_value_t = 20_000)]
    people: u32,
    /// The seed of their plans
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End after the rush instead of staying up; the exit code is 1 if a promise was broken
    #[arg(long)]
    exit: bool,
    /// Print the summary as one JSON object, as the last line
    #[arg(long)]
    json: bool,
    /// Keep the room in this Redis instead of in memory
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Keep the bookings in this PostgreSQL instead of in a SQLite file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The waiting room's port on 127.0.0.1; 0 for any
    #[arg(long, default_value_t = 8080)]
    room_port: u16,
    /// The booking API's port on 127.0.0.1; 0 for any
    #[arg(long, default_value_t = 8081)]
    booking_port: u16,
}

/// Both services, started for the demo.
struct Stage {
    process: Process,
    config: Config,
    room: WaitingRoomService,
    booking: BookingService,
    campaign: CampaignFile,
    /// Opens what is the operator's.
    operator_token: String,
    _folder: tempfile::TempDir,
}

impl Demo {
    /// Runs the demo.
    pub async fn run(self) -> anyhow::Result<u8> {
        web::telemetry::init("warn")?;
        let stage = Box::pin(self.set_up()).await?;
        let summary = self.rush(&stage).await?;
        let is_kept = summary.broken_promises.is_empty();
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            print_summary(&summary);
        }
        if !self.exit {
            print_urls(&stage);
            asked_to_stop().await?;
        }
        let Stage { process, config, room, booking, .. } = stage;
        let stop = StopTimes { drain: Duration::ZERO, ..StopTimes::of(&config) };
        tokio::join!(room.stop(&process, stop), booking.stop(&process, stop));
        if !is_kept {
            for note in &summary.notes {
                eprintln!("note: {note}");
            }
        }
        for promise in &summary.broken_promises {
            eprintln!("broken: {promise}");
        }
        Ok(u8::from(!is_kept))
    }

    async fn set_up(&self) -> anyhow::Result<Stage> {
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        let (process, operator_token) =
            with_own_staff(Process::new(None), Duration::from_hours(24))?;
        let mut config = self.config(folder.path())?;
        let keys = NewKeys::generate(&*process.entropy);
        let place = Path::new("the demo's keys");
        let room_keys = WaitingRoomKeys::parse(&keys.waiting_room, place)?;
        let booking_keys = BookingKeys::parse(&keys.booking, place)?;
        if self.database.is_some() {
            adapters::migrate(&config.booking).await?;
        }
        let campaign = self.campaign(process.clock.now(), &*process.entropy)?;
        if self.redis.is_some() {
            apply_room(&config.waiting_room, &room_keys, &campaign).await?;
        }
        let campaigns = std::slice::from_ref(&campaign);
        let room = WaitingRoomService::start(&process, &config, room_keys, campaigns).await?;
        config.booking.jwks = format!("{}/.well-known/jwks.json", room.url());
        config.booking.signals_url = room.url();
        let booking = BookingService::start(&process, &config, booking_keys, campaigns).await?;
        for url in [room.url(), booking.url()] {
            wait_until_ready(&url).await?;
        }
        Ok(Stage { process, config, room, booking, campaign, operator_token, _folder: folder })
    }

    fn config(&self, folder: &Path) -> anyhow::Result<Config> {
        let mut config = load(None, std::iter::empty())?.config;
        config.waiting_room.listen.set_port(self.room_port);
        config.booking.listen.set_port(self.booking_port);
        // Everybody in the demo comes from this machine, and thinks ten times faster than people do.
        config.limits.turn_off();
        config.booking.signals_every_ms = 200;
        config.booking.availability_every_ms = 200;
        if let Some(url) = &self.redis {
            config.waiting_room.store_url = url.parse().context("--redis")?;
        }
        config.booking.database_url = match &self.database {
            Some(url) => url.parse().context("--database")?,
            None => format!("sqlite://{}", folder.join("einlass.db").display()).parse()?,
        };
        config.mail.transport = MailTransport::Folder;
        config.mail.folder = folder.join("mail");
        "Stadt Speyer <termine@speyer.example>".clone_into(&mut config.mail.from);
        config.mail.mails_per_minute = 3_000;
        Ok(config)
    }

    /// The Speyer campaign with its openings moved to now, and hours turned into seconds.
    fn campaign(&self, now: Timestamp, entropy: &dyn Entropy) -> anyhow::Result<CampaignFile> {
        let file = CampaignFile::parse(SPEYER)?;
        let gathers_from = now.plus(GATHERS_AFTER);
        let mut file = file.reschedule(gathers_from.plus(GATHERING), OPENINGS_EVERY);
        file.tranches[0].gathers_from = gathers_from;
        if self.redis.is_some() || self.database.is_some() {
            // These keep the rooms and bookings of earlier demos, which were made with other keys.
            file.id = format!("{}-{:08x}", file.id, entropy.u64() >> 32).parse()?;
        }
        file.room.pace_per_minute = 60_000;
        file.room.burst = 1_000;
        file.room.claim_window_s = 4;
        file.room.pass_ttl_s = 30;
        file.booking.hold_ttl_s = 15;
        file.room.poll_min_s = 1;
        file.room.poll_max_s = 3;
        Ok(file)
    }

    async fn rush(&self, stage: &Stage) -> anyhow::Result<Summary> {
        let mut config =
            rush::Config::new(&stage.room.url(), &stage.booking.url(), stage.campaign.id.as_str());
        config.people = self.people;
        config.seed = self.seed;
        config.deadline_s = DEADLINE_S;
        config.time_scale = TIME_SCALE;
        let (sender, progress) = watch::channel(progress::Progress::default());
        println!(
            "{} people, {} places, the first opening is in {} s (seed {})",
            self.people,
            stage.campaign.places(),
            (GATHERS_AFTER + GATHERING).as_secs(),
            self.seed
        );
        let shown = tokio::spawn(progress::show(progress, std::io::stdout()));
        let summary = rush::run(config, sender).await?;
        shown.await?;
        Ok(summary)
    }
}

/// Waits until the service has seen its store, and the passes' keys, for the first time.
pub async fn wait_until_ready(url: &str) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(READY_POLL_EVERY);
    for _ in 0..READY_POLLS_MAX {
        ticks.tick().await;
        let answer = reqwest::get(format!("{url}/readyz")).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
    }
    let answer = reqwest::get(format!("{url}/readyz")).await?.text().await?;
    anyhow::bail!("the service at {url} does not become ready: {answer}")
}

fn print_summary(summary: &Summary) {
    let kept =
        if summary.broken_promises.is_empty() { "all promises kept" } else { "PROMISES BROKEN" };
    println!(
        "\n{} of {} places booked in {:.0} s, {kept}\n\
         people {}   turned away at the door {}   entered {}   passes {}\n\
         oversold {}   persons with two bookings {}   lost {}\n\
         HTTP requests {}   5xx {}   p50 {:.1} ms   p99 {:.1} ms",
        summary.bookings,
        summary.places,
        summary.seconds,
        summary.people,
        summary.turned_away,
        summary.entered,
        summary.passes,
        summary.oversold,
        summary.duplicate_persons,
        summary.lost,
        summary.http_requests,
        summary.errors_5xx,
        summary.p50_ms,
        summary.p99_ms,
    );
    if summary.waitlisted > 0 {
        println!(
            "waitlist {}   cancelled by others {}   offered {}   accepted {}",
            summary.waitlisted, summary.cancelled, summary.offered, summary.accepted
        );
    }
}

fn print_urls(stage: &Stage) {
    let (room, booking, id) = (stage.room.url(), stage.booking.url(), &stage.campaign.id);
    let note = if std::io::stdout().is_terminal() { "Ctrl-C ends the demo." } else { "" };
    println!(
        "\nBoth services stay up. {note}\n\
         \n  waiting room  {room}/docs\n  booking API   {booking}/docs\n\
         \ncurl {room}/v1/rooms/{id}\n\
         curl {booking}/v1/campaigns/{id}/slots\n\
         curl -H 'Accept-Language: de' '{booking}/v1/campaigns/{id}/eligibility?postcode=67346'\n\
         curl -H 'Accept-Language: de' -H 'Content-Type: application/json' -d '{{\"residence\":{{\"postcode\":\"67454\"}}}}' {room}/v1/rooms/{id}/tickets\n\
         curl -H 'Content-Type: application/json' -d '{{\"residence\":{{\"postcode\":\"67346\"}}}}' {room}/v1/rooms/{id}/tickets\n\
         einlass verify-draw {room}/v1/rooms/{id}\n\
         curl -H 'Authorization: Bearer {token}' {room}/v1/operator/rooms/{id}",
        token = stage.operator_token,
    );
}
