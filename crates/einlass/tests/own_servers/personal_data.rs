//! What an operator has to do with personal data: the master keys of the booking API, and purging by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use booking::contract::scene;
use booking::{BookingStore, Campaign, CampaignPlan, What};
use booking_db::{DbOptions, DbStore, MasterKey, MasterKeys};
use einlass::booking_service::BookingService;
use einlass::config::load;
use einlass::keys::BookingKeys;
use einlass::process::{Process, StopTimes};
use kernel::{SystemClock, Timestamp};
use tempfile::TempDir;

use crate::command::{Ran, einlass};

const CONFIG: &str = "einlass.toml";
const KEYS: &str = "keys/booking.toml";

/// The booking API of an operator, stopped.
struct Office(TempDir);

impl Office {
    fn set_up() -> Self {
        let office = Self(tempfile::tempdir().expect("a folder"));
        let config = format!(
            "[booking]\nlisten = \"127.0.0.1:0\"\nmetrics_listen = \"\"\nworkers = 1\n\
             database_url = \"{}\"\njwks = \"http://127.0.0.1:9/jwks.json\"\nsignals_url = \"\"\n",
            office.database_url()
        );
        std::fs::write(office.path(CONFIG), config).expect("written");
        office.run(&["keys", "generate"]).done();
        office.run(&["migrate"]).done();
        office
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn database_url(&self) -> String {
        format!("sqlite://{}", self.path("booking.db").display())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        einlass(self.0.path(), &[&["--config", CONFIG], arguments].concat(), &[])
    }

    async fn store(&self, keys: MasterKeys) -> DbStore {
        let (url, clock) = (self.database_url(), Arc::new(SystemClock));
        let store = booking_db::connect(&url, &DbOptions::default(), clock, Some(keys)).await;
        store.expect("connects")
    }

    /// The campaign `rehearsal`, which was over in 2021, and one that goes on, with a person each.
    async fn lived_in(&self, keys: MasterKeys) {
        let store = self.store(keys).await;
        let closes_at = Timestamp::from_unix_s(7_258_118_400);
        let other = Campaign { id: scene::slot("other"), closes_at, ..scene::campaign() };
        for (number, campaign) in (1..).zip([scene::campaign(), other]) {
            let mut pass = scene::grant(number, 1, scene::at(0));
            pass.campaign = campaign.id.clone();
            let plan = CampaignPlan::new(campaign).expect("a plan");
            store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
            let book = scene::book_slot(&pass, "c", number, number, scene::key(number, 1));
            store.execute(&[book], scene::at(0)).await.expect("executes");
        }
        store.close().await.expect("closes");
    }

    /// Starts the service with the key file as it is, and stops it when it serves.
    async fn start_and_stop(&self) {
        let text = std::fs::read_to_string(self.path(CONFIG)).expect("the configuration");
        let config = load(Some((CONFIG, &text)), []).expect("a configuration").config;
        let keys = BookingKeys::read(&self.path(KEYS)).expect("keys");
        let process = Process::new(None);
        let service = BookingService::start(&process, &config, keys, &[]).await;
        let stop = StopTimes { drain: Duration::ZERO, finish: Duration::from_secs(5) };
        service.expect("it serves").stop(&process, stop).await;
    }
}

fn master(id: u8) -> MasterKeys {
    MasterKeys::new(MasterKey::new(id, &[99; 32]), []).expect("one key")
}

fn entry(id: u8) -> String {
    format!("\n[[personal_data]]\nid = {id}\nkey = \"{}\"\n", URL_SAFE_NO_PAD.encode([99; 32]))
}

fn add(file: &Path, entry: &str) {
    let text = std::fs::read_to_string(file).expect("keys");
    std::fs::write(file, text + entry).expect("written");
}

/// The process says which key it needs and what to do. With the key it starts, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_master_key_the_service_does_not_start() {
    // The generated key file has a master key 1, which is another one, and none of the id 7.
    for (id, why) in [(1, "is not the one that wrapped their key"), (7, "has none of this id")] {
        let office = Office::set_up();
        office.lived_in(master(id)).await;
        let refused = office.run(&["booking"]).refused();
        for said in
            ["rehearsal", &format!("master key {id}"), why, "Nothing is lost", "booking.keys_file"]
        {
            assert!(refused.contains(said), "{said}: {refused}");
        }
        if id == 1 {
            let text = std::fs::read_to_string(office.path(KEYS)).expect("keys");
            let (before, rest) = text.split_once("[[personal_data]]").expect("a master key");
            let after = &rest[rest.find("\n#").expect("the next key")..];
            std::fs::write(office.path(KEYS), format!("{before}{}{after}", entry(1)))
                .expect("put back");
        } else {
            add(&office.path(KEYS), &entry(7));
        }
        office.start_and_stop().await;
        let keys = BookingKeys::read(&office.path(KEYS)).expect("keys").personal_data;
        let kept = office.store(keys).await.booking(scene::booking_id(2)).await;
        let person = kept.expect("readable").expect("is there").registration.person.clone();
        assert!(person == scene::registration(2, 2).person);
    }
}

/// As soon as a campaign is over, and not before; no key is needed to forget.
#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_purged_by_hand() {
    let office = Office::set_up();
    office.lived_in(master(1)).await;
    let purge = |campaign: &str, confirm: &str| {
        office.run(&["campaign", "purge", campaign, "--confirm", confirm])
    };
    assert!(purge("rehearsal", "other").refused().contains("must repeat the name"));
    assert!(purge("other", "other").refused().contains("is not over before 2200-01-01"));
    assert!(purge("nowhere", "nowhere").refused().contains("is not in force"));
    let done = purge("rehearsal", "rehearsal").done();
    assert!(done.contains("the personal data of rehearsal are purged; 1 rows"), "{done}");
    assert!(purge("rehearsal", "rehearsal").done().contains("; 0 rows"), "and no second time");
    let store = office.store(master(1)).await;
    let booking = async |number| store.booking(scene::booking_id(number)).await.expect("answers");
    assert_eq!(booking(1).await, None);
    assert!(
        booking(2).await.expect("another campaign keeps its own").registration.person.is_some()
    );
    let links = store.events(&scene::slot("rehearsal"), 0, 100).await.expect("answers");
    let last = links.last().expect("events").read().expect("readable").pop();
    assert_eq!(last.map(|event| event.what), Some(What::CampaignPurged));
}
