//! The commands about a waitlist, as an operator types them while people wait.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use booking::campaign::SlotId;
use booking::{
    BookSlotOutcome, BookingId, Bookings, BookingsLimits, BookingsTasks, CancelOutcome,
    JoinOutcome, Language, PassGrant, Person, PersonFields,
};
use einlass::adapters;
use kernel::{Clock, OsEntropy, SyncedClock, SystemClock};
use pass::PassId;
use test_support::{RedisServer, eventually, shared_postgres_database};

use crate::town::{Campaign, ROOM, Town};

const SLOT: &str = "site-21991231-1200";
/// An age is asked, so that calling people up needs the keys with which their dates of birth are sealed.
const WAITLIST: &str = "[eligibility]\nborn_until = 2010-01-01\n[waitlist]\nplaces = 9\n";
const OPEN_TO_PUBLIC: &str = "[eligibility]\nborn_until = 2010-01-01\n[waitlist]\nplaces = 9\n\
                              open_rest_to_public = true\n";

/// The campaign with these further tables; its opening stays where it was.
fn campaign(more: &'static str) -> Campaign {
    static OPENED: LazyLock<Campaign> = LazyLock::new(Campaign::of_yesterday);
    Campaign { places: 2, more, ..OPENED.clone() }
}

/// People who book and wait. The clock calls nobody here: that is the operator's.
struct People {
    bookings: Arc<Bookings>,
    tasks: BookingsTasks,
}

impl People {
    async fn of(town: &Town) -> Self {
        let (config, _) = town.configured();
        let keys = town.booking_keys();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let stores = adapters::booking_stores(&config, &clock, keys.personal_data).await;
        let (bookings, tasks) = Bookings::start(
            stores.expect("a store").bookings,
            Arc::new(SyncedClock::new(clock)),
            Arc::new(OsEntropy),
            keys.secrets,
            BookingsLimits {
                call_up_offers_max: 0,
                view_every_ms: 20,
                ..BookingsLimits::default()
            },
        );
        eventually("the campaign is known", Duration::from_secs(30), async || {
            bookings.view().campaigns.len() == 1
        })
        .await;
        Self { bookings, tasks }
    }

    fn pass(number: u8) -> PassGrant {
        PassGrant {
            pass_id: PassId::from_bytes([number; 16]),
            campaign: ROOM.parse().expect("a name"),
            ags: "07318000".parse().expect("a municipality key"),
            seats: 1,
            expires_at: SystemClock.now().plus(Duration::from_mins(15)),
            binding: None,
        }
    }

    fn person(number: u8) -> Person {
        let fields = PersonFields {
            given_name: format!("Anna {}", char::from(b'A' + number)),
            family_name: "Muster".to_owned(),
            date_of_birth: "1980-02-29".to_owned(),
            email: None,
            phone: None,
            language: Language::De,
        };
        Person::parse(fields, SystemClock.now()).expect("plausible")
    }

    async fn book(&self, number: u8) -> BookingId {
        let slot: SlotId = SLOT.parse().expect("a name");
        let (pass, person) = (Self::pass(number), Self::person(number));
        match self.bookings.book_slot(pass, slot, &person, "k").await.expect("answers") {
            BookSlotOutcome::Booked(booked) => booked.booking,
            refused => panic!("{refused:?}"),
        }
    }

    async fn join(&self, number: u8) {
        let (pass, person) = (Self::pass(number), Self::person(number));
        let joined = self.bookings.join_waitlist(pass, &person, "k").await.expect("answers");
        assert!(matches!(joined, JoinOutcome::Joined(_)), "{joined:?}");
    }

    async fn cancel(&self, booking: BookingId) {
        let token = self.bookings.manage_token(booking, 0);
        let cancelled = self.bookings.cancel_booking(booking, &token, "c").await.expect("answers");
        assert!(matches!(cancelled, CancelOutcome::Cancelled(_)), "{cancelled:?}");
    }

    async fn go(self) {
        self.bookings.shut_down();
        self.tasks.finished().await;
    }
}

#[track_caller]
fn assert_shown(town: &Town, lines: &[&str]) {
    let shown = town.run(&["waitlist", "show", ROOM]).done();
    for line in lines {
        assert!(shown.lines().any(|shown| shown == *line), "{line}: {shown}");
    }
}

const CALL_UP: [&str; 9] =
    ["waitlist", "call-up", ROOM, "--slot", SLOT, "--count", "20", "--minutes", "15"];

/// Everybody has a place, three wait, two places come back, and the operator calls "the next 20 for 12:00".
async fn people_are_called_up_by_hand(town: &Town) {
    town.apply(&campaign(WAITLIST)).done();
    let people = People::of(town).await;
    let booked = [people.book(1).await, people.book(2).await];
    for number in 3..6 {
        people.join(number).await;
    }
    let nobody = town.run(&CALL_UP);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(nobody.out.contains("nobody was called: no_place_free"), "{nobody:?}");
    for booking in booked {
        people.cancel(booking).await;
    }
    assert_shown(
        town,
        &[
            "places           9, 6 of them free",
            "people can join  yes",
            "waiting          3 without an offer",
            "offers out       0",
            "places kept      2",
            "calling          yes",
            &format!("kept in {SLOT:<24} 2"),
        ],
    );
    let called = town.run(&CALL_UP).done();
    let expected =
        format!("2 people are offered a place of the slot {SLOT}, for 15 minutes at most");
    assert!(called.contains(&expected), "{called}");
    assert!(called.contains("there are no more places of this slot"), "{called}");
    assert_shown(
        town,
        &[
            "waiting          1 without an offer",
            "offers out       2",
            "calling          no: no_place_free",
        ],
    );
    people.go().await;
}

/// The end: what is left is everybody's, by the file; offers that are out stay good.
fn the_rest_is_opened_to_the_public(town: &Town) {
    let open = campaign(OPEN_TO_PUBLIC);
    let dry = town.apply_with(&open, &["--dry-run"]).done();
    assert!(dry.contains("open_rest_to_public"), "{dry}");
    town.apply(&open).done();
    assert_shown(
        town,
        &["people can join  no", "offers out       2", "calling          no: open_to_public"],
    );
    let nobody = town.run(&CALL_UP);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(nobody.out.contains("nobody was called: open_to_public"), "{nobody:?}");
}

/// What cannot be done says what to do.
fn mistakes_say_what_to_do(town: &Town) {
    let unknown = town.run(&["waitlist", "show", "village"]).refused();
    assert!(unknown.contains("no campaign village; `einlass campaign list`"), "{unknown}");
    let call_up = |id: &'static str, slot: &'static str| {
        town.run(&["waitlist", "call-up", id, "--slot", slot, "--count", "20", "--minutes", "15"])
    };
    let unknown = call_up("village", SLOT).refused();
    assert!(unknown.contains("not in force; `einlass campaign list`"), "{unknown}");
    let unknown = call_up(ROOM, "noon").refused();
    assert!(unknown.contains("no such slot") && unknown.contains("with its slots"), "{unknown}");
    for (arguments, missing) in [
        (&["--slot", SLOT, "--count", "20"][..], "--minutes"),
        (&["--slot", SLOT, "--count", "0", "--minutes", "15"][..], "1..=500"),
    ] {
        let wrong = town.run(&[&["waitlist", "call-up", ROOM], arguments].concat());
        assert!(wrong.code == 2 && wrong.err.contains(missing), "{wrong:?}");
    }
    town.apply(&campaign("")).done();
    let none = town.run(&["waitlist", "show", ROOM]).refused();
    assert!(none.contains("no waitlist: its file has no section [waitlist]"), "{none}");
    let none = town.run(&CALL_UP).refused();
    assert!(none.contains("the campaign has no waitlist"), "{none}");
}

async fn walk(town: &Town) {
    people_are_called_up_by_hand(town).await;
    the_rest_is_opened_to_the_public(town);
    mistakes_say_what_to_do(town);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waitlist_is_looked_after_on_sqlite() {
    let redis = RedisServer::start().await.expect("redis");
    walk(&Town::set_up(&redis)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waitlist_is_looked_after_on_postgresql() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    town.use_database(&shared_postgres_database().await);
    town.run(&["migrate"]).done();
    walk(&town).await;
}
