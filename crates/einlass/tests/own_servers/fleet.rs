//! Several instances of both services on one Redis and one PostgreSQL.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use campaign_file::{CampaignFile, Tranche, Waitlist};
use einlass::booking_service::BookingService;
use einlass::commands::campaign::apply_room;
use einlass::config::{Config, load};
use einlass::keys::{BookingKeys, NewKeys, WaitingRoomKeys};
use einlass::process::{Process, StopTimes};
use einlass::staff::with_own_staff;
use einlass::waiting_room_service::WaitingRoomService;
use kernel::{Clock as _, private_file};
use reqwest::Client;
use tempfile::TempDir;
use test_support::{PostgresServer, RedisServer, eventually};

use crate::citizen::send;

/// From the application of the campaign until people gather: applied later, the room would listen to
/// tickets of an earlier one first.
const GATHERS_AFTER: Duration = Duration::from_millis(500);

const OPEN_WITHIN: Duration = Duration::from_mins(1);

const SPEYER: &str = include_str!("../../../../deploy/campaigns/speyer-2021-06-20.toml");

/// The running instances.
pub struct Fleet {
    pub process: Process,
    pub rooms: Vec<WaitingRoomService>,
    pub bookings: Vec<BookingService>,
    pub campaign: CampaignFile,
    /// What the booking service reports with.
    pub signals: String,
    /// The operator's token.
    pub staff: String,
    config: Config,
    _folder: TempDir,
}

/// What a mail provider reports with.
pub const MAIL_REPORTS: &str = "a-token-of-the-mail-provider-of-the-tests";

/// What a fleet is made of.
pub struct Plan {
    pub rooms: usize,
    pub bookings: usize,
    /// Its openings are moved when the fleet starts.
    pub campaign: CampaignFile,
    /// How long people gather before the first opening.
    pub gathering: Duration,
    pub store_url: String,
    pub database_url: String,
}

impl Plan {
    /// On real servers.
    pub async fn on(
        redis: &RedisServer,
        postgres: &PostgresServer,
        rooms: usize,
        bookings: usize,
        (campaign, gathering): (CampaignFile, Duration),
    ) -> Self {
        let database_url = postgres.create_database().await.expect("a database");
        Self { rooms, bookings, campaign, gathering, store_url: redis.url(), database_url }
    }

    pub async fn start(self) -> Fleet {
        let (process, staff) =
            with_own_staff(Process::new(None), Duration::from_hours(1)).expect("keys");
        let keys = NewKeys::generate(&*process.entropy);
        let mut config = config();
        config.waiting_room.store_url = self.store_url.parse().expect("an address");
        config.booking.database_url = self.database_url.parse().expect("an address");
        let folder = tempfile::tempdir().expect("a folder");
        "Stadt Speyer <termine@speyer.example>".clone_into(&mut config.mail.from);
        config.mail.reports_token_file = folder.path().join("mail-reports");
        let mut token = private_file::create(&config.mail.reports_token_file).expect("a file");
        token.write_all(MAIL_REPORTS.as_bytes()).expect("written");
        einlass::adapters::migrate(&config.booking).await.expect("migrated");
        let campaign = scheduled(&self.campaign, self.gathering);
        let parsed = || WaitingRoomKeys::parse(&keys.waiting_room, Path::new("keys"));
        let room_keys = parsed().expect("keys");
        apply_room(&config.waiting_room, &room_keys, &campaign).await.expect("a room");
        let signals = room_keys.signals.derive(&campaign.id).to_string();
        let campaigns = std::slice::from_ref(&campaign);
        let mut rooms = Vec::new();
        for _ in 0..self.rooms {
            let keys = parsed().expect("keys");
            let room = WaitingRoomService::start(&process, &config, keys, campaigns).await;
            rooms.push(room.expect("a waiting room"));
        }
        config.booking.jwks = format!("{}/.well-known/jwks.json", rooms[0].url());
        config.booking.signals_url = rooms[0].url();
        let mut bookings = Vec::new();
        for _ in 0..self.bookings {
            let keys = BookingKeys::parse(&keys.booking, Path::new("keys")).expect("keys");
            let booking = BookingService::start(&process, &config, keys, campaigns).await;
            bookings.push(booking.expect("a booking api"));
        }
        let fleet =
            Fleet { process, rooms, bookings, campaign, signals, staff, config, _folder: folder };
        fleet.wait_until_ready().await;
        fleet
    }
}

fn config() -> Config {
    let mut config = load(None, std::iter::empty()).expect("the defaults").config;
    config.waiting_room.listen.set_port(0);
    config.booking.listen.set_port(0);
    // All citizens of a test come from this machine.
    config.limits.turn_off();
    config.waiting_room.workers = 1;
    config.booking.workers = 1;
    config.booking.signals_every_ms = 100;
    config.booking.availability_every_ms = 100;
    config
}

impl Fleet {
    /// The base URL of waiting room number `index`, counted round.
    pub fn room_url(&self, index: usize) -> String {
        format!("{}/v1/rooms/{}", self.rooms[index % self.rooms.len()].url(), self.campaign.id)
    }

    /// The base URL of booking API number `index`, counted round.
    pub fn booking_url(&self, index: usize) -> String {
        format!("{}/v1", self.bookings[index % self.bookings.len()].url())
    }

    pub fn database_url(&self) -> &str {
        self.config.booking.database_url.url()
    }

    async fn wait_until_ready(&self) {
        let urls: Vec<String> = self
            .rooms
            .iter()
            .map(WaitingRoomService::url)
            .chain(self.bookings.iter().map(BookingService::url))
            .collect();
        for url in urls {
            eventually("the service is ready", Duration::from_secs(20), async || {
                let answer = reqwest::get(format!("{url}/readyz")).await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        }
    }

    /// Waits until places can be booked and the room knows it.
    pub async fn until_open(&self, client: &Client) {
        eventually("the room is open", OPEN_WITHIN, async || {
            let status = send(client.get(self.room_url(0))).await.body;
            status["phase"] == "open" && status["places_left"].as_u64().is_some_and(|left| left > 0)
        })
        .await;
    }

    pub async fn stop(self) {
        let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
        for booking in self.bookings {
            booking.stop(&self.process, stop).await;
        }
        for room in self.rooms {
            room.stop(&self.process, stop).await;
        }
    }
}

/// The campaign as if people gathered from now on.
fn scheduled(campaign: &CampaignFile, gathering: Duration) -> CampaignFile {
    let gathers_from = Process::new(None).clock.now().plus(GATHERS_AFTER);
    let mut file = campaign.reschedule(gathers_from.plus(gathering), Duration::from_hours(1));
    file.tranches[0].gathers_from = gathers_from;
    file
}

/// What [`scarce`] makes, with a waitlist that is open from the opening on, also while there are places.
pub fn scarce_with_waitlist(slots: usize, places: u32) -> CampaignFile {
    let mut file = scarce(slots, places);
    let opens_at = Some(file.tranches[0].opens_at);
    let given = CampaignFile::parse(SPEYER).expect("valid").waitlist.expect("a waitlist");
    file.waitlist = Some(Waitlist { opens_at, quiet: None, stops_at: None, ..given });
    file
}

/// The Speyer campaign with `slots` slots of `places` places each, all in one tranche, and a gate that
/// lets everybody in.
pub fn scarce(slots: usize, places: u32) -> CampaignFile {
    let mut file = CampaignFile::parse(SPEYER).expect("valid");
    file.slots.truncate(slots);
    for slot in &mut file.slots {
        slot.capacity = places;
    }
    let Tranche { opens_at, gathers_from, .. } = file.tranches[0];
    file.tranches = vec![Tranche {
        opens_at,
        gathers_from,
        places: places * u32::try_from(slots).expect("few"),
        allotments: vec![places; slots],
    }];
    file.waitlist = None;
    file.room.max_active = 20_000;
    file.room.pace_per_minute = 6_000_000;
    file.room.burst = 20_000;
    file.room.places_factor_percent = 30_000;
    file.room.poll_min_s = 1;
    file.room.poll_max_s = 2;
    file
}
