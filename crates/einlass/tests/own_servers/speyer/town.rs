//! The town, and the time in it: a booking service with its call-up and its mail, on a database whose clock the
//! story moves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use booking::campaign::service as campaigns;
use booking::{ApplyCampaign, BookingStore, Expected, Intent};
use campaign_file::CampaignFile;
use einlass::booking_service::BookingService;
use einlass::config::{Config, MailTransport, load};
use einlass::keys::{BookingKeys, NewKeys, WaitingRoomKeys};
use einlass::process::{Process, StopTimes};
use einlass::{adapters, campaign};
use kernel::{Clock, SeededEntropy, SteadyClock, SystemClock, Timestamp};
use pass::{Claims, IdentityKey, PassId, PassMinter};
use reqwest::{Client, RequestBuilder};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use serde_json::Value;
use test_support::{PostgresServer, eventually};

use crate::citizen::{Reply, send};

pub const CAMPAIGN: &str = "speyer-2021-06-20";
const SPEYER: &str = include_str!("../../../../../deploy/campaigns/speyer-2021-06-20.toml");
/// Speyer itself, of the eleven municipalities.
pub const SPEYER_AGS: &str = "07318000";
const SOON: Duration = Duration::from_mins(1);

/// An instant of June 2021 on the town hall's clock.
pub fn at(day: i64, hour: i64, minute: i64) -> Timestamp {
    const MIDNIGHT_OF_THE_14TH: i64 = 1_623_621_600;
    Timestamp::from_unix_s(MIDNIGHT_OF_THE_14TH + (day - 14) * 86_400 + hour * 3_600 + minute * 60)
}

/// The clock of a database that is a file. It runs as the machine's does, and is off by as much as the story has it.
struct MovedClock {
    machine: SteadyClock,
    off_by_ms: AtomicI64,
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let off_by_ms = self.off_by_ms.load(Ordering::SeqCst);
        Timestamp::from_unix_ms(self.machine.now().unix_ms().saturating_add(off_by_ms))
    }
}

/// What tells the time: the database server's own clock, or that of the process which has the file.
enum Time {
    OfProcess(Arc<MovedClock>),
    OfServer(DatabaseConnection),
}

/// Whoever connects to this database asks its `clock_timestamp` for the time, and not the server's.
const TIME_OF_ITS_OWN: &str = "
    CREATE TABLE town_time (off_by_ms bigint NOT NULL);
    INSERT INTO town_time VALUES (0);
    CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + off_by_ms * interval ''1 millisecond'' FROM public.town_time';
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
    END $$;";

impl Time {
    async fn set(&self, now: Timestamp) {
        match self {
            Self::OfProcess(clock) => {
                let off_by_ms = now.unix_ms() - clock.machine.now().unix_ms();
                clock.off_by_ms.store(off_by_ms, Ordering::SeqCst);
            }
            Self::OfServer(database) => {
                let off_by_ms = now.unix_ms() - SystemClock.now().unix_ms();
                let set = format!("UPDATE town_time SET off_by_ms = {off_by_ms}");
                database.execute_unprepared(&set).await.expect("the time is set");
            }
        }
    }
}

/// What the story is played with.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// Which places people want first, and who cancels, follows from this number.
    pub seed: u64,
    /// One person stands for so many.
    pub stands_for: usize,
}

impl Cast {
    /// How many stand for so many of the real day.
    pub const fn of(self, people: usize) -> usize {
        people / self.stands_for
    }

    /// The campaign file of the real day, for so many fewer.
    pub fn campaign(self) -> String {
        let mut text = SPEYER.to_owned();
        for (key, places) in [("capacity_places", 2_500), ("places", 625), ("places", 800)] {
            let (real, played) =
                (format!("{key} = {places}\n"), format!("{key} = {}\n", self.of(places)));
            assert!(text.contains(&real), "{real}");
            text = text.replace(&real, &played);
        }
        text
    }
}

/// The town of the story.
pub struct Speyer {
    pub cast: Cast,
    pub client: Client,
    /// For what happens in a certain order, one thing after the other.
    pub entropy: Arc<SeededEntropy>,
    /// For the ids of passes: many people take theirs at the same time, in any order.
    pass_entropy: SeededEntropy,
    /// The database as a command of the operator opens it, beside the service.
    pub store: Arc<dyn BookingStore>,
    pub folder: tempfile::TempDir,
    time: Time,
    process: Process,
    service: BookingService,
    minter: PassMinter,
}

impl Speyer {
    /// With its bookings in a file.
    pub async fn on_sqlite(cast: Cast) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("booking.db").display());
        let clock = Arc::new(MovedClock { machine: SteadyClock::start(), off_by_ms: 0.into() });
        let embedded_clock: Arc<dyn Clock> = Arc::<MovedClock>::clone(&clock);
        let process = Process { embedded_clock, ..Process::new(None) };
        Self::open(cast, folder, &url, (process, Time::OfProcess(clock))).await
    }

    /// With its bookings in a database of a server.
    pub async fn on_postgres(cast: Cast, postgres: &PostgresServer) -> Self {
        let url = postgres.create_database().await.expect("a database");
        let database = Database::connect(&url).await.expect("connects");
        database.execute_unprepared(TIME_OF_ITS_OWN).await.expect("the clock is made");
        let folder = tempfile::tempdir().expect("a folder");
        Self::open(cast, folder, &url, (Process::new(None), Time::OfServer(database))).await
    }

    /// On Sunday the 13th, when nothing has begun.
    async fn open(
        cast: Cast,
        folder: tempfile::TempDir,
        url: &str,
        (process, time): (Process, Time),
    ) -> Self {
        time.set(at(13, 12, 0)).await;
        let entropy = Arc::new(SeededEntropy::new(cast.seed));
        let keys = NewKeys::generate(&*entropy);
        let place = Path::new("the keys of the story");
        let room = WaitingRoomKeys::parse(&keys.waiting_room, place).expect("keys");
        let jwks = folder.path().join("jwks.json");
        std::fs::write(&jwks, room.public_keys.to_jwks()).expect("written");
        let config = config(url, &jwks, &folder.path().join("mail"));
        adapters::migrate(&config.booking).await.expect("migrated");
        let opened = adapters::booking_stores_as_is(&config, &process.embedded_clock, None).await;
        let store = opened.expect("a database").bookings;
        let booking = BookingKeys::parse(&keys.booking, place).expect("keys");
        let file = CampaignFile::parse(&cast.campaign()).expect("the campaign");
        let service = BookingService::start(&process, &config, booking, &[file]).await;
        let minter = PassMinter::new(room.signing_key, &config.pass.issuer)
            .with_mac(room.identity.as_ref().map(IdentityKey::pass_mac_key));
        let service = service.expect("a booking api");
        let client = Client::new();
        let pass_entropy = SeededEntropy::new(cast.seed + 1);
        let town = Self {
            cast,
            client,
            entropy,
            pass_entropy,
            store,
            folder,
            time,
            process,
            service,
            minter,
        };
        town.until_noticed(at(13, 12, 0)).await;
        town
    }

    /// Moves the time on, never back, and waits until the service has noticed.
    pub async fn is_at(&self, now: Timestamp) {
        let before = self.now().await;
        assert!(before <= now, "it is {before}, and {now} is over");
        self.time.set(now).await;
        self.until_noticed(now).await;
    }

    /// As `is_at`, unless it is later already.
    pub async fn is_at_least(&self, now: Timestamp) {
        if self.now().await < now {
            self.is_at(now).await;
        }
    }

    /// The time of the database.
    pub async fn now(&self) -> Timestamp {
        self.store.now().await.expect("the time")
    }

    async fn until_noticed(&self, now: Timestamp) {
        eventually("the service goes by the time of the database", SOON, async || {
            let slots = send(self.client.get(self.url("/slots"))).await;
            slots.status == 200 && slots.text("as_of") >= now.to_string().as_str()
        })
        .await;
    }

    /// An address of the campaign.
    pub fn url(&self, rest: &str) -> String {
        self.api(&format!("/campaigns/{CAMPAIGN}{rest}"))
    }

    /// An address of the API.
    pub fn api(&self, rest: &str) -> String {
        format!("{}/v1{rest}", self.service.url())
    }

    /// What everybody reads.
    pub async fn read(&self, rest: &str) -> Value {
        let reply = send(self.client.get(self.url(rest))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// A pass of one who lives there, as the waiting room gives it.
    pub async fn pass(&self, ags: &str) -> String {
        // A pass that is a little older than it could be is good for a clock that is a little late.
        let issued_at = self.now().await.minus(Duration::from_secs(2));
        self.minter.mint(&Claims {
            issuer: self.minter.issuer().to_owned(),
            campaign: CAMPAIGN.parse().expect("a name"),
            pass_id: PassId::new(&self.pass_entropy),
            issued_at,
            expires_at: issued_at.plus(Duration::from_mins(15)),
            ags: ags.parse().expect("a key"),
            seats: 1,
            binding: None,
        })
    }

    /// Posts under a key of its own.
    pub fn post(&self, url: &str, bearer: &str, key: &str) -> RequestBuilder {
        self.client.post(url).bearer_auth(bearer).header("idempotency-key", key)
    }

    /// `einlass campaign apply`, first as a dry run, while `revision` is in force. What it says will change.
    pub async fn apply(&self, text: &str, revision: u64) -> String {
        let file = CampaignFile::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let request = ApplyCampaign {
            expected: Expected::Revision(revision),
            ..ApplyCampaign::of_operator(campaign::plan(&file).expect("a plan"))
        };
        let what_if = ApplyCampaign { intent: Intent::Preview, ..request.clone() };
        let looked_at = campaigns::apply(&*self.store, &what_if).await.expect("it answers");
        let preview = looked_at.preview().expect("something changes").to_string();
        let applied = campaigns::apply(&*self.store, &request).await.expect("it answers");
        let verdict = applied.verdict().expect("it is applied");
        assert!(verdict.contains(&format!("revision {}", revision + 1)), "{verdict}");
        preview
    }

    /// Letters in the folder of this kind.
    pub fn letters(&self, kind: &str) -> usize {
        let ending = format!(".{kind}.0.eml");
        let folder = std::fs::read_dir(self.folder.path().join("mail")).expect("the folder");
        let names = folder.map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().ends_with(&ending)).count()
    }

    /// Waits until there are so many letters of this kind; there are never more.
    pub async fn until_letters(&self, kind: &str, letters: usize) {
        eventually("the letters are sent", SOON, async || self.letters(kind) >= letters).await;
        assert_eq!(self.letters(kind), letters, "letters of the kind {kind}");
    }

    pub async fn close(self) {
        let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
        self.service.stop(&self.process, stop).await;
    }
}

fn config(url: &str, jwks: &Path, mail: &Path) -> Config {
    let mut config = load(None, std::iter::empty()).expect("the defaults").config;
    config.booking.listen.set_port(0);
    config.booking.workers = 1;
    config.booking.database_url = url.parse().expect("an address");
    config.booking.jwks = jwks.display().to_string();
    config.booking.availability_every_ms = 100;
    // Everybody in the story comes from this machine.
    config.limits.turn_off();
    config.mail.transport = MailTransport::Folder;
    mail.clone_into(&mut config.mail.folder);
    "Stadt Speyer <termine@speyer.example>".clone_into(&mut config.mail.from);
    config.mail.mails_per_minute = 60_000;
    config
}

/// What a reply was refused with.
#[track_caller]
pub fn assert_refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{reply:?}");
}
