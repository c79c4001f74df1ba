//! The stage of one scenario: a database behind a network that may fail, a waiting room that gives
//! passes, the instances of the booking API, the citizens, and the course of it all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Client;
use test_support::{Port, PostgresServer, RedisServer};

use crate::booking::campaign::{CAMPAIGN, OtherSlot, Plan, WANTED};
use crate::booking::citizen::Town;
use crate::booking::course::Course;
use crate::booking::crowd::Crowd;
use crate::booking::database::{self, Database, MailRow};
use crate::booking::history::{Event, Told};
use crate::booking::judge::judge;
use crate::booking::passes;
use crate::booking::post::{Letter, Post};
use crate::booking::scenarios::ALL;
use crate::booking::watch::Watch;
use crate::clock::{Span, UnixMs, now, pause, seconds};
use crate::http;
use crate::installation::Installation;
use crate::instance::{Instance, Service};
use crate::play::{Judged, Scenario, Staged};
use crate::proxy::Proxy;
use crate::waits::Waits;

/// From the creation of the room until people gather: created later, it would listen to tickets of an
/// earlier one first.
const ANNOUNCED_MS: i64 = 3_000;
const GATHERING_MS: i64 = 1_000;
/// After `SIGTERM` an instance goes on serving for so long.
pub const DRAIN_MS: i64 = 1_000;
/// From the end of a fault until the run may end: within this time all must be as before.
const AFTERWARDS: Duration = Duration::from_secs(11);
/// From the end of all that happens until letters are sent and people called.
const REST_MAX_MS: i64 = 60_000;
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The first places are open within this time.
const PLACES_OPEN_MAX_MS: i64 = 30_000;

/// What a scenario begins with.
pub struct Opening {
    pub instances: usize,
    pub places: u32,
    /// So many can come.
    pub passes: usize,
}

/// A stage. Scenarios use its parts directly.
pub struct Stage {
    pub rng: StdRng,
    pub course: Course,
    pub instances: Vec<Instance>,
    pub client: Client,
    /// To be said before the stage is opened.
    pub other_slot: OtherSlot,
    seed: u64,
    program: PathBuf,
    installation: Option<Installation>,
    crowd: Option<Crowd>,
    watch: Option<Watch>,
    servers: Option<Servers>,
    post: Option<Post>,
    waits: Waits,
}

/// What the booking API depends on.
struct Servers {
    postgres: Arc<PostgresServer>,
    /// Between the booking API and PostgreSQL.
    network: Proxy,
    database_url: String,
    _redis: RedisServer,
    _room: Instance,
}

#[async_trait]
impl Staged for Stage {
    const PART: &'static str = "booking";
    const SCENARIOS: &'static [&'static dyn Scenario<Self>] = ALL;

    fn set(program: &Path, seed: u64) -> Result<Self> {
        Ok(Self {
            rng: StdRng::seed_from_u64(seed),
            course: Course::default(),
            instances: Vec::new(),
            client: http::client(250)?,
            other_slot: OtherSlot::default(),
            seed,
            program: program.to_owned(),
            installation: None,
            crowd: None,
            watch: None,
            servers: None,
            post: None,
            waits: Waits::start(),
        })
    }

    fn note_trouble(&mut self, trouble: String) {
        self.course.troubles.push(trouble);
    }

    async fn judged(&mut self) -> Judged {
        let Left { mut events, database, letters } = match self.close().await {
            Ok(left) => left,
            Err(error) => {
                self.note_trouble(format!("at the end {error:#}"));
                Left::default()
            }
        };
        events.sort_by_key(|event| event.answered);
        let verdict = judge(&self.course, &events, &database, &letters);
        let letters = letters.iter().map(|letter| format!("{} {}", letter.at, letter.id));
        let rows = std::iter::once(format!("{database:?}")).chain(letters);
        Judged {
            is_kept: verdict.is_kept(),
            verdict: verdict.to_string(),
            notes: std::mem::take(&mut self.course.notes),
            history: events.iter().map(|event| format!("{event:?}")).chain(rows).collect(),
            installation: self.installation.take(),
        }
    }
}

/// What a run has left behind.
#[derive(Default)]
struct Left {
    events: Vec<Event>,
    database: Database,
    letters: Vec<Letter>,
}

impl Stage {
    /// Lets letters be sent, by a worker for each of these clocks: `None` for one that is right. To be said before
    /// the stage is opened.
    pub async fn open_post(&mut self, clocks: &[Option<&'static str>]) -> Result<()> {
        self.post = Some(Post::open(clocks.to_vec()).await?);
        self.course.has_post = true;
        Ok(())
    }

    /// Sets everything up, lets people take their passes, and puts a watcher at each instance.
    pub async fn open(&mut self, opening: Opening) -> Result<()> {
        self.open_on(PostgresServer::start().await?, opening).await
    }

    /// The same on that server.
    pub async fn open_on(&mut self, postgres: PostgresServer, opening: Opening) -> Result<()> {
        let redis = RedisServer::start().await?;
        let database_url = postgres.create_database().await?;
        let network = Proxy::start(postgres.port()).await?;
        let room_port = Port::reserve()?;
        let room = format!("http://127.0.0.1:{}", room_port.number());
        let through = database::through(&database_url, postgres.port(), &network);
        let mail = self.post.as_ref().map(Post::config).unwrap_or_default();
        let config = config(&redis.url(), &through, &room) + &mail;
        let at = Installation::set_up(&self.program, &config).await?;
        // Campaign files know whole seconds.
        let gathers_from = (now() / 1_000 + 1) * 1_000 + ANNOUNCED_MS;
        let plan = Plan {
            gathers_from,
            opens_at: gathers_from + GATHERING_MS,
            places: opening.places,
            other: self.other_slot,
        };
        at.apply(&plan.to_toml()).await?;
        let mut waiting_room = Instance::new(Service::WaitingRoom, 0, room_port, &at);
        waiting_room.start()?;
        for index in 0..opening.instances {
            let mut instance = Instance::new(Service::Booking, index, Port::reserve()?, &at);
            instance.start()?;
            self.waits.watch(index, instance.process_id());
            self.instances.push(instance);
        }
        self.course.instances = opening.instances;
        if let Some(post) = &mut self.post {
            post.start_workers(&at, &database_url, postgres.port()).await?;
        }
        self.installation = Some(at);
        waiting_room.until_ready(&self.client).await?;
        for instance in &mut self.instances {
            instance.until_ready(&self.client).await?;
        }
        passes::until_open(&self.client, &room).await?;
        let wanted = opening.passes + opening.instances;
        let mut passes = passes::take(&self.client, &room, wanted).await?;
        self.servers = Some(Servers {
            postgres: Arc::new(postgres),
            network,
            database_url,
            _redis: redis,
            _room: waiting_room,
        });
        let [slot, other_slot] = self.slots().await?;
        let town = Arc::new(Town {
            instances: self.instances.iter().map(Instance::url).collect(),
            slot,
            other_slot,
            answered: AtomicUsize::new(0),
        });
        let watchers = passes.split_off(opening.passes);
        self.watch = Some(Watch::begin(&town, &self.client, &watchers).await?);
        self.crowd = Some(Crowd::new(town, passes, self.seed)?);
        Ok(())
    }

    /// The slot that everybody wants and the other one, as soon as their places are open.
    async fn slots(&self) -> Result<[String; 2]> {
        let instance = self.instances.first().context("no instance")?.url();
        let url = format!("{instance}/v1/campaigns/{CAMPAIGN}/slots");
        let began = now();
        loop {
            let reply = http::send(self.client.get(&url)).await;
            if let Ok(reply) = &reply
                && reply.body["places_left"].as_u64().is_some_and(|places| places > 0)
                && let [Some(first), Some(second)] =
                    [0, 1].map(|index| reply.body["slots"][index]["id"].as_str())
            {
                let is_wanted = first.ends_with(WANTED);
                let (wanted, other) = if is_wanted { (first, second) } else { (second, first) };
                return Ok([wanted, other].map(str::to_owned));
            }
            ensure!(now() - began < PLACES_OPEN_MAX_MS, "no places open: {reply:?}");
            pause(Duration::from_millis(50)).await;
        }
    }

    pub fn crowd(&mut self) -> Result<&mut Crowd> {
        self.crowd.as_mut().context("the stage has not been opened")
    }

    pub fn postgres(&self) -> Result<Arc<PostgresServer>> {
        let servers = self.servers.as_ref().context("the stage has not been opened")?;
        Ok(Arc::clone(&servers.postgres))
    }

    /// What lies between the booking API and PostgreSQL.
    pub fn network(&self) -> Result<&Proxy> {
        self.servers.as_ref().map(|servers| &servers.network).context("the stage is not open")
    }

    /// Those who send letters.
    pub fn post(&mut self) -> Result<&mut Post> {
        self.post.as_mut().context("no letters are sent here")
    }

    pub fn installation(&self) -> Result<&Installation> {
        self.installation.as_ref().context("the stage has not been opened")
    }

    /// The database, past the network.
    pub fn database_url(&self) -> Result<&str> {
        let servers = self.servers.as_ref().context("the stage has not been opened")?;
        Ok(&servers.database_url)
    }

    /// Whoever commits waits so long from now on, as on a slow disk; 0 is as fast as it can.
    pub async fn slow_commits(&self, ms: u32) -> Result<()> {
        database::slow_commits(self.database_url()?, ms).await
    }

    /// Waits until `count` more requests were answered for good.
    pub async fn until_answered(&mut self, count: usize) -> Result<()> {
        self.crowd()?.until_answered(count, Duration::from_mins(1)).await
    }

    /// A time between so many seconds, drawn from the seed.
    pub fn some_seconds(&mut self, range: std::ops::Range<f64>) -> Duration {
        seconds(self.rng.random_range(range))
    }

    /// Within ten seconds from now all instances must write again.
    pub fn fault_is_over(&mut self) {
        self.course.heals.push(now());
    }

    /// That instance was away since then and is back now.
    pub fn instance_is_back(&mut self, index: usize, away_since: UnixMs) {
        self.course.down.push((index, Span::since(away_since, 0)));
    }

    /// Lets everybody get what they came for. If there was a fault, this takes until all must be as
    /// before.
    pub async fn until_all_are_through(&mut self) -> Result<()> {
        let ended = self.course.heals.last().copied();
        self.crowd()?.until_all_are_through().await?;
        if let Some(ended) = ended {
            let gone = Duration::from_millis((now() - ended).unsigned_abs());
            pause(AFTERWARDS.saturating_sub(gone)).await;
        }
        Ok(())
    }

    /// Waits until the letters are sent that are to be sent, and those are called who can be; gives what is in
    /// the database then, or when it has taken too long.
    pub async fn at_rest(&self) -> Result<Database> {
        let began = now();
        loop {
            let database = Database::read(self.database_url()?).await?;
            let is_sent = |mail: &MailRow| !mail.is_under_way(now());
            let rests = !self.course.has_post || database.mails.iter().all(is_sent);
            let waits_for_nothing = database.places_not_offered().is_empty();
            if (rests && waits_for_nothing) || now() - began > REST_MAX_MS {
                return Ok(database);
            }
            pause(LOOK_EVERY).await;
        }
    }

    /// Looks whether all instances live, lets everybody read their bookings, and gives what was told, what is in
    /// the database, and which letters have arrived.
    async fn close(&mut self) -> Result<Left> {
        for instance in &mut self.instances {
            instance.until_ready(&self.client).await?;
        }
        let mut events = match self.crowd.take() {
            Some(mut crowd) => {
                crowd.until_all_are_through().await?;
                let told = crowd.take_events();
                let shown = read_bookings(&mut crowd, &told).await;
                told.into_iter().chain(shown).collect()
            }
            None => Vec::new(),
        };
        if let Some(watch) = self.watch.take() {
            events.extend(watch.end().await);
        }
        self.course.waits.extend(self.waits.seen());
        let database = self.at_rest().await?;
        let letters = self.post.as_ref().map(Post::taken).transpose()?.unwrap_or_default();
        Ok(Left { events, database, letters })
    }
}

/// Everybody who has booked looks whether the booking is still there.
async fn read_bookings(crowd: &mut Crowd, told: &[Event]) -> Vec<Event> {
    let mut reader = crowd.citizen_with(String::new());
    for booked in told.iter().filter_map(Event::booked) {
        let shown = reader.show(booked).await;
        if !matches!(shown, Some(Told::Shown(_))) {
            break;
        }
    }
    reader.events
}

fn config(store_url: &str, database_url: &str, room: &str) -> String {
    let drain_s = DRAIN_MS / 1_000;
    format!(
        r#"[waiting_room]
metrics_listen = ""
workers = 1
store_url = "{store_url}"

[booking]
metrics_listen = ""
workers = 1
database_url = "{database_url}"
jwks = "{room}/.well-known/jwks.json"
signals_url = "{room}"

[limits]
join_per_minute = 0
redeem_per_minute = 0
ticket_redeem_per_minute = 0

[shutdown]
drain_s = {drain_s}
finish_s = 8
"#
    )
}
