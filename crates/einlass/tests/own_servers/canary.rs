//! Canaries: people with unmistakable names book, correct, move and cancel, and get every kind of refusal. Then nothing of
//! them is found where it must not be (P15): in the log at the level `trace`, in metrics, in refusals, in a dump of the
//! database, in its files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::bytes::Regex;
use reqwest::{Client, RequestBuilder};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};
use test_support::{PostgresServer, locate_postgres};

use crate::citizen::{Reply, book, join_patiently, send};
use crate::stop::{
    Addresses, CAMPAIGN, Program, SLOTS_ON, open_campaign, serving, take_pass, terminate,
    wait_until_ready,
};

/// What a canary types in.
fn canary(song: &str, day: u8) -> Value {
    json!({
        "given_name": format!("Quäxholde {song}"),
        "family_name": format!("Zwirbelfrütz-{song}"),
        "date_of_birth": format!("1931-03-{day}"),
        "email": format!("{song}.zwirbel@canary-probe.example"),
        "phone": format!("+49 6232 987654{day}"),
    })
}

fn canaries() -> Vec<Value> {
    let songs =
        [("Trillala", 11), ("Tirili", 12), ("Schilpp", 13), ("Pieps", 14), ("Krahkrah", 15)];
    songs.iter().map(|(song, day)| canary(song, *day)).collect()
}

/// A field as it may turn up: plain, with what is not ASCII escaped, and in base64 at each of three offsets.
fn disguises(name: &str, text: &str) -> Vec<String> {
    let escaped: String = text
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect();
    let mut all =
        vec![text.to_owned(), escaped.clone(), escaped.to_uppercase().replace("\\U", "\\u")];
    // The first and the last group of characters depend on what stands beside.
    let within = |base64: String| base64[4..base64.len() - 4].to_owned();
    let member = format!("{name}\":\"{text}");
    for (offset, text) in (0..3).flat_map(|offset| [(offset, text), (offset, member.as_str())]) {
        let shifted = [&b"   "[..offset], text.as_bytes()].concat();
        all.extend([
            within(STANDARD_NO_PAD.encode(&shifted)),
            within(URL_SAFE_NO_PAD.encode(&shifted)),
        ]);
    }
    // Shorter than that, chance would find it.
    all.retain(|disguise| disguise.len() >= 10);
    all
}

/// Finds what a canary has typed in, in any disguise. One automaton for all: there are megabytes to look through.
static SONGS: LazyLock<Regex> = LazyLock::new(|| {
    let mut songs = Vec::new();
    for canary in canaries() {
        for (name, text) in canary.as_object().expect("an object") {
            songs.extend(disguises(name, text.as_str().expect("a text")));
        }
    }
    let songs: Vec<String> = songs.iter().map(|song| regex::escape(song)).collect();
    Regex::new(&songs.join("|")).expect("an expression")
});

/// What a canary has typed in, as it is found in these bytes.
fn found(bytes: &[u8]) -> BTreeSet<String> {
    let found = SONGS.find_iter(bytes);
    found.map(|found| String::from_utf8_lossy(found.as_bytes()).into_owned()).collect()
}

#[track_caller]
fn assert_silent(where_: &str, bytes: &[u8]) {
    assert!(!bytes.is_empty(), "nothing to look at in {where_}");
    assert_eq!(found(bytes), BTreeSet::new(), "in {where_}");
}

/// Refusals, as they were answered.
#[derive(Default)]
struct Refusals(Vec<String>);

impl Refusals {
    async fn of(&mut self, status: u16, request: RequestBuilder) {
        let reply = send(request).await;
        assert_eq!(reply.status, status, "{reply:?}");
        self.0.push(reply.body.to_string());
    }
}

/// What each canary does.
struct Aviary<'a> {
    client: &'a Client,
    booking: String,
    pass: String,
    refusals: Refusals,
}

fn slot(minute: &str) -> String {
    format!("boe-fashion-{}-{minute}", SLOTS_ON.replace('-', ""))
}

impl Aviary<'_> {
    fn ask(&self, key: &str, person: Value) -> RequestBuilder {
        book(self.client, &self.booking, CAMPAIGN, &self.pass, key, (&slot("0700"), person))
    }

    fn own(&self, booked: &Reply, what: &str) -> String {
        format!("{}/bookings/{}{what}", self.booking, booked.text("id"))
    }

    async fn books(&self, key: &str, person: Value) -> Reply {
        let booked = send(self.ask(key, person)).await;
        assert_eq!(booked.status, 201, "{booked:?}");
        booked
    }

    /// Everything that goes well, on the answer to which a canary may be found.
    async fn lives(&mut self) {
        let [first, second, third, other, _] = canaries().try_into().expect("five");
        let (stays, changes) = (self.books("1", first).await, self.books("2", second).await);
        let goes = self.books("3", third).await;
        let token = |booked: &Reply| booked.text("manage_token").to_owned();
        let put = |url: String| self.client.put(url).header("idempotency-key", "4");
        let person = put(self.own(&changes, "/person")).bearer_auth(&self.pass).json(&other);
        let corrected = send(person).await;
        assert_eq!(corrected.status, 200, "{corrected:?}");
        let moved = put(self.own(&stays, "/slot")).bearer_auth(token(&stays));
        let moved = send(moved.json(&json!({"slot": slot("0800")}))).await;
        assert_eq!(moved.status, 200, "{moved:?}");
        let cancel = self.client.post(self.own(&goes, "/cancellation")).bearer_auth(token(&goes));
        let cancelled = send(cancel.header("idempotency-key", "5")).await;
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        let shown =
            send(self.client.get(self.own(&changes, "")).bearer_auth(token(&changes))).await;
        // Whoever looks for canaries finds them where they are.
        assert_eq!(found(shown.body.to_string().as_bytes()).len(), 5, "{shown:?}");
    }

    /// Everything that is refused.
    async fn is_refused(&mut self) {
        let all = canaries();
        let again = self.ask("6", all[0].clone());
        self.refusals.of(409, again).await;
        let reused = self.ask("1", all[4].clone());
        self.refusals.of(422, reused).await;
        let mut wrong = all[4].clone();
        for (field, text) in [
            ("given_name", "Quäxholde Krahkrah\u{7}"),
            ("date_of_birth", "1931-03-15 "),
            ("email", "Krahkrah.zwirbel@canary-probe.example@"),
            ("phone", "+49 6232 98765415 x"),
        ] {
            wrong[field] = json!(text);
        }
        let wrong = self.ask("7", wrong);
        self.refusals.of(400, wrong).await;
        let unknown = json!({"slot": slot("0700"), "person": all[4], "Zwirbelfrütz-Krahkrah": 1});
        let url = format!("{}/campaigns/{CAMPAIGN}/bookings", self.booking);
        let post = || self.client.post(&url).bearer_auth(&self.pass).header("idempotency-key", "8");
        let cut = unknown.to_string();
        let cut = cut[..cut.len() - 30].to_owned();
        let cut = post().header("content-type", "application/json").body(cut);
        self.refusals.of(400, cut).await;
        let stranger = book(
            self.client,
            &self.booking,
            CAMPAIGN,
            "no.pass.at-all",
            "9",
            (&slot("0700"), all[4].clone()),
        );
        self.refusals.of(401, stranger).await;
        let nowhere = book(
            self.client,
            &self.booking,
            CAMPAIGN,
            &self.pass,
            "10",
            ("no-such-slot", all[4].clone()),
        );
        self.refusals.of(404, nowhere).await;
    }
}

/// The whole life, with this database; the log at its end.
async fn live(folder: &Path, database_url: &str) -> Vec<u8> {
    std::fs::write(folder.join("campaign.toml"), open_campaign()).expect("written");
    let addresses = Addresses::reserve();
    let log = folder.join("einlass.log");
    let mut command = serving(folder, &addresses);
    command
        .env("EINLASS__BOOKING__DATABASE_URL", database_url)
        .env("EINLASS__LOG__FILTER", "trace");
    let mut program = Program(
        command
            .stderr(std::fs::File::create(&log).expect("made"))
            .spawn()
            .expect("the binary runs"),
    );
    wait_until_ready(&addresses).await;
    let client = Client::new();
    let room = format!("{}/v1/rooms/{CAMPAIGN}", addresses.room());
    let (joined, _) = join_patiently(&client, &room, "67346").await;
    let pass = take_pass(&client, &room, joined.text("ticket")).await.expect("a pass");
    let booking = format!("{}/v1", addresses.booking());
    let mut aviary = Aviary { client: &client, booking, pass, refusals: Refusals::default() };
    aviary.lives().await;
    aviary.is_refused().await;
    for refusal in &aviary.refusals.0 {
        assert_silent("a refusal", refusal.as_bytes());
    }
    let metrics = client.get(addresses.metrics()).send().await.expect("metrics");
    assert_silent("the metrics", &metrics.bytes().await.expect("a body"));
    assert!(terminate(&mut program.0).await.success());
    let log = std::fs::read(&log).expect("the log");
    assert!(String::from_utf8_lossy(&log).contains("\"TRACE\""), "it is a full one");
    assert_silent("the log", &log);
    log
}

/// Every file below a folder, but for those of these names.
fn files(folder: &Path, but: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if but.contains(&name) {
            continue;
        }
        if path.is_dir() {
            files.extend(self::files(&path, but));
        } else {
            files.push(path);
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_sings_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    live(folder.path(), "sqlite://booking.db").await;
    let looked_at = files(folder.path(), &["campaign.toml", "einlass.log"]);
    assert!(looked_at.iter().any(|path| path.ends_with("booking.db")), "{looked_at:?}");
    for path in looked_at {
        let bytes = std::fs::read(&path).expect("a file");
        assert_eq!(found(&bytes), BTreeSet::new(), "in {}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_sings_on_postgres() {
    let folder = tempfile::tempdir().expect("a folder");
    let postgres = PostgresServer::start().await.expect("postgres");
    let url = postgres.create_database().await.expect("a database");
    for arguments in [&["keys", "generate"][..], &["migrate"]] {
        crate::command::einlass(
            folder.path(),
            arguments,
            &[("EINLASS__BOOKING__DATABASE_URL", &url)],
        )
        .done();
    }
    live(folder.path(), &url).await;
    let dump = Command::new(locate_postgres().expect("postgres").program("pg_dump"))
        .arg(&url)
        .stdin(Stdio::null())
        .output()
        .expect("pg_dump runs");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    assert!(
        String::from_utf8_lossy(&dump.stdout).contains("COPY public.booking"),
        "it is a full one"
    );
    assert_silent("the dump", &dump.stdout);
    let database = Database::connect(&url).await.expect("connects");
    database.execute_unprepared("CHECKPOINT").await.expect("everything is in the files");
    let ask = Statement::from_string(DbBackend::Postgres, "SHOW data_directory");
    let shown = database.query_one_raw(ask).await.expect("answers").expect("a row");
    let data: String = shown.try_get_by_index(0).expect("a path");
    // The log of changes is of the same bytes; a backup of the files has none.
    for path in files(Path::new(&data), &["pg_wal", "postmaster.pid", "pg_stat"]) {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        assert_eq!(found(&bytes), BTreeSet::new(), "in {}", path.display());
    }
}
