//! Several instances of both services on one Redis and one PostgreSQL.

use std::path::Path;
use std::time::Duration;

use campaign_file::{CampaignFile, Tranche};
use einlass::booking_service::BookingService;
use einlass::config::{Config, load};
use einlass::keys::{BookingKeys, NewKeys, WaitingRoomKeys};
use einlass::process::{Process, StopTimes};
use einlass::waiting_room_service::WaitingRoomService;
use kernel::Clock as _;
use test_support::{PostgresServer, RedisServer};

const SPEYER: &str = include_str!("../../../../deploy/campaigns/speyer-2021-06-20.toml");

/// The running instances.
pub struct Fleet {
    pub process: Process,
    pub rooms: Vec<WaitingRoomService>,
    pub bookings: Vec<BookingService>,
    pub campaign: CampaignFile,
    config: Config,
}

/// What a fleet is made of.
pub struct Plan {
    pub rooms: usize,
    pub bookings: usize,
    pub campaign: CampaignFile,
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
        campaign: CampaignFile,
    ) -> Self {
        let database_url = postgres.create_database().await.expect("a database");
        Self { rooms, bookings, campaign, store_url: redis.url(), database_url }
    }

    pub async fn start(self) -> Fleet {
        let process = Process::new(None);
        let keys = NewKeys::generate(&*process.entropy);
        let mut config = config();
        config.waiting_room.store_url = self.store_url;
        config.booking.database_url = self.database_url;
        einlass::adapters::migrate(&config.booking).await.expect("migrated");
        let campaigns = std::slice::from_ref(&self.campaign);
        let mut rooms = Vec::new();
        for _ in 0..self.rooms {
            let keys = WaitingRoomKeys::parse(&keys.waiting_room, Path::new("keys")).expect("keys");
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
        let fleet = Fleet { process, rooms, bookings, campaign: self.campaign, config };
        fleet.wait_until_ready().await;
        fleet
    }
}

fn config() -> Config {
    let mut config = load(None, std::iter::empty()).expect("the defaults").config;
    config.waiting_room.listen.set_port(0);
    config.booking.listen.set_port(0);
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
        &self.config.booking.database_url
    }

    async fn wait_until_ready(&self) {
        let urls: Vec<String> = self
            .rooms
            .iter()
            .map(WaitingRoomService::url)
            .chain(self.bookings.iter().map(BookingService::url))
            .collect();
        for url in urls {
            test_support::eventually("the service is ready", Duration::from_secs(20), async || {
                let answer = reqwest::get(format!("{url}/readyz")).await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        }
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

/// The Speyer campaign, opening `opens_after` from now.
pub fn speyer(opens_after: Duration) -> CampaignFile {
    let now = Process::new(None).clock.now();
    CampaignFile::parse(SPEYER)
        .expect("valid")
        .reschedule(now.plus(opens_after), Duration::from_hours(1))
}

/// A campaign of `slots` slots with `places` places each, all in one tranche, and a gate that lets
/// everybody in.
pub fn scarce(opens_after: Duration, slots: usize, places: u32) -> CampaignFile {
    let mut file = speyer(opens_after);
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
    file
}
