//! An installation as an operator has it: a folder with configuration, keys and a campaign. Commands are
//! run by the binary; the instances live in this process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use campaign_file::CampaignFile;
use einlass::booking_service::BookingService;
use einlass::campaign;
use einlass::config::{Config, load};
use einlass::keys::{BookingKeys, WaitingRoomKeys};
use einlass::process::{Process, StopTimes};
use einlass::waiting_room_service::WaitingRoomService;
use kernel::{Clock as _, SystemClock, Timestamp};
use reqwest::Client;
use test_support::{OneSlotCampaign, RedisServer, eventually};

use crate::citizen::{Reply, send};
use crate::command::{Ran, einlass};

/// The name of the campaign, and of its room.
pub const ROOM: &str = "town";
const CONFIG: &str = "einlass.toml";
const CAMPAIGN: &str = "campaign.toml";
const KEYS: &str = "keys/waiting-room.toml";
const BOOKING_KEYS: &str = "keys/booking.toml";
const READY_WITHIN: Duration = Duration::from_secs(30);

/// The installation.
pub struct Town {
    folder: tempfile::TempDir,
}

/// What the campaign of a town says.
#[derive(Clone, Debug)]
pub struct Campaign {
    pub incarnation: u32,
    pub gathers_from: Timestamp,
    pub opens_at: Timestamp,
    pub max_active: u32,
    pub places: u32,
    pub public_entropy: Option<&'static str>,
    /// Slots that are closed.
    pub closed_slots: &'static [&'static str],
    /// Further tables of the file.
    pub more: &'static str,
}

impl Campaign {
    /// People gather in a moment and for so long.
    pub fn soon(gathering: Duration) -> Self {
        // Campaign files know whole seconds; this one has not begun when it is applied.
        let now = Timestamp::from_unix_s(SystemClock.now().unix_s());
        let gathers_from = now.plus(Duration::from_secs(3));
        Self {
            incarnation: 1,
            gathers_from,
            opens_at: gathers_from.plus(gathering),
            max_active: 30,
            places: 1_000,
            public_entropy: None,
            closed_slots: &[],
            more: "",
        }
    }

    /// The opening was yesterday.
    pub fn of_yesterday() -> Self {
        let soon = Self::soon(Duration::from_mins(1));
        let day = Duration::from_hours(24);
        let (gathers_from, opens_at) = (soon.gathers_from.minus(day), soon.opens_at.minus(day));
        Self { gathers_from, opens_at, ..soon }
    }

    fn to_toml(&self) -> String {
        let entropy = self.public_entropy.map(|text| format!("public_entropy = \"{text}\"\n"));
        let tables = format!(
            "[waiting_room]
poll_min_s = 1
poll_max_s = 5
{entropy}
[gate]
max_active = {max_active}
pace_per_minute = 60000
burst = 1000
claim_window_s = 10
{more}",
            more = self.more,
            entropy = entropy.unwrap_or_default(),
            max_active = self.max_active,
        );
        OneSlotCampaign {
            id: ROOM,
            settings: &format!(
                "incarnation = {}\nclosed_slots = {:?}",
                self.incarnation, self.closed_slots
            ),
            tables: &tables,
            gathers_from_s: self.gathers_from.unix_s(),
            opens_at_s: self.opens_at.unix_s(),
            places: self.places,
        }
        .to_toml()
    }
}

impl Town {
    /// Writes the configuration, and makes keys and tables. No campaign is in force yet.
    pub fn set_up(redis: &RedisServer) -> Self {
        let town = Self { folder: tempfile::tempdir().expect("a folder") };
        let database = town.path("einlass.db");
        let config = format!(
            r#"[waiting_room]
listen = "127.0.0.1:0"
metrics_listen = ""
workers = 1
store_url = "{}"

[booking]
listen = "127.0.0.1:0"
metrics_listen = ""
workers = 1
database_url = "sqlite://{}"
jwks = "http://127.0.0.1:9/jwks.json"

[limits]
join_per_minute = 0
redeem_per_minute = 0
ticket_redeem_per_minute = 0

[campaigns]
files = ["{CAMPAIGN}"]
"#,
            redis.url(),
            database.display()
        );
        std::fs::write(town.path(CONFIG), config).expect("written");
        town.run(&["keys", "generate"]).done();
        town.run(&["migrate"]).done();
        town
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command of the operator.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let arguments = [&["--config", CONFIG], arguments].concat();
        let folder = self.folder.path();
        tokio::task::block_in_place(|| einlass(folder, &arguments, &[]))
    }

    /// `einlass campaign apply`
    pub fn apply(&self, campaign: &Campaign) -> Ran {
        self.apply_with(campaign, &[])
    }

    /// `einlass campaign apply` with options
    pub fn apply_with(&self, campaign: &Campaign, options: &[&str]) -> Ran {
        self.write(campaign);
        self.run(&[&["campaign", "apply", CAMPAIGN], options].concat())
    }

    /// Writes the campaign file without applying it.
    pub fn write(&self, campaign: &Campaign) {
        std::fs::write(self.path(CAMPAIGN), campaign.to_toml()).expect("written");
    }

    /// Sends the booking half to another database from now on.
    pub fn use_database(&self, url: &str) {
        let config = std::fs::read_to_string(self.path(CONFIG)).expect("the configuration");
        let known = format!("sqlite://{}", self.path("einlass.db").display());
        std::fs::write(self.path(CONFIG), config.replace(&known, url)).expect("written");
    }

    /// Starts the booking API with the campaign file as it is, and stops it when it serves.
    pub async fn start_and_stop_booking(&self) {
        let (config, campaigns) = self.configured();
        let keys = self.booking_keys();
        let process = Process::new(None);
        let service = BookingService::start(&process, &config, keys, &campaigns).await;
        let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
        service.expect("a booking api").stop(&process, stop).await;
    }

    /// The configuration and the campaign file as they are.
    pub fn configured(&self) -> (Config, [CampaignFile; 1]) {
        let text = std::fs::read_to_string(self.path(CONFIG)).expect("the configuration");
        let config = load(Some((CONFIG, &text)), []).expect("a configuration").config;
        (config, [campaign::read(&self.path(CAMPAIGN)).expect("a campaign")])
    }

    /// The booking API's keys.
    pub fn booking_keys(&self) -> BookingKeys {
        BookingKeys::read(&self.path(BOOKING_KEYS)).expect("keys")
    }

    /// The waiting room's key file.
    pub fn keys(&self) -> String {
        std::fs::read_to_string(self.path(KEYS)).expect("keys")
    }

    /// Starts an instance with the campaign that was applied last, and the keys of the installation.
    pub async fn start(&self) -> Instance {
        self.start_with(&self.keys()).await
    }

    /// The same with other keys.
    pub async fn start_with(&self, keys: &str) -> Instance {
        let (config, campaigns) = self.configured();
        let keys = WaitingRoomKeys::parse(keys, Path::new(KEYS)).expect("keys");
        let process = Process::new(None);
        let service = WaitingRoomService::start(&process, &config, keys, &campaigns).await;
        Instance { service: service.expect("an instance"), process, config }
    }

    /// The waiting room's key file, from anywhere.
    pub fn keys_file(&self) -> PathBuf {
        self.path(KEYS)
    }

    /// Starts an instance whose keys are those of this file, whatever it says.
    pub async fn start_watching(&self, keys_file: &Path) -> Instance {
        let (mut config, campaigns) = self.configured();
        config.waiting_room.keys_file = keys_file.to_owned();
        let keys = WaitingRoomKeys::read(keys_file).expect("keys");
        let process = Process::new(None);
        let service = WaitingRoomService::start(&process, &config, keys, &campaigns).await;
        let mut service = service.expect("an instance");
        service.watch_keys();
        Instance { service, process, config }
    }

    /// Starts so many instances and waits until they are ready.
    pub async fn open(&self, client: &Client, instances: usize) -> Vec<Instance> {
        let mut opened = Vec::new();
        for _ in 0..instances {
            opened.push(self.start().await);
        }
        for instance in &opened {
            instance.until_ready(client).await;
        }
        opened
    }
}

/// A running waiting room.
pub struct Instance {
    service: WaitingRoomService,
    process: Process,
    config: Config,
}

impl Instance {
    /// The base URL of the room.
    pub fn room(&self) -> String {
        format!("{}/v1/rooms/{ROOM}", self.service.url())
    }

    /// The URL of a path of the service.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.service.url())
    }

    /// What `/readyz` says.
    pub async fn readiness(&self, client: &Client) -> Reply {
        send(client.get(format!("{}/readyz", self.service.url()))).await
    }

    pub async fn until_ready(&self, client: &Client) {
        eventually("the instance is ready", READY_WITHIN, async || {
            self.readiness(client).await.status == 200
        })
        .await;
    }

    /// Waits until `/readyz` says that this is missing.
    pub async fn until_missing(&self, client: &Client, what: &str) {
        eventually(what, READY_WITHIN, async || {
            let reply = self.readiness(client).await;
            reply.status == 503 && reply.body["missing"].to_string().contains(what)
        })
        .await;
    }

    pub async fn stop(self) {
        let finish = Duration::from_secs(self.config.shutdown.finish_s);
        self.service.stop(&self.process, StopTimes { drain: Duration::ZERO, finish }).await;
    }
}

pub async fn stop_all(instances: Vec<Instance>) {
    for instance in instances {
        instance.stop().await;
    }
}
