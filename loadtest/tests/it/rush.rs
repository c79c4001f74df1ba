//! The people of a rush against the fake: what they do when all is well, and what they notice when it is not.

use std::time::Duration;

use loadtest::progress::Progress;
use loadtest::rush::{Config, Shares, Summary, run};
use tokio::sync::watch;

use crate::fake::{Fake, Fault, Setting};

/// Everybody may book, nobody does anything special.
const PLAIN: Shares = Shares {
    eligible: 1.0,
    impatient: 0.0,
    status_pollers: 0.0,
    walk_away: 0.0,
    come_back: 0.0,
    retriers: 0.0,
    several_tabs: 0.0,
    car_groups: 0.0,
    hold_first: 0.0,
    insisting: 0.0,
    waits: 0.0,
    declines: 0.0,
    cancels: 0.0,
};

fn open_room(slots: &[u64]) -> Setting {
    Setting {
        faults: Vec::new(),
        slots: slots.to_vec(),
        waitlist_places: 0,
        opens_in: Duration::ZERO,
        called_after_polls: 0,
        asks_back: false,
    }
}

async fn rush(setting: Setting, people: u32, shares: Shares) -> (Summary, Fake) {
    let (fake, url) = Fake::start(setting).await;
    let mut config = Config::new(&url, &url, "fair");
    config.people = people;
    config.shares = shares;
    config.time_scale = 0.01;
    config.connections_max = 16;
    // Longer than any test may run: it must not end a rush on a busy machine.
    config.deadline_s = 600.0;
    let (progress, seen) = watch::channel(Progress::default());
    let summary = run(config, progress).await.expect("a readable campaign");
    assert_eq!(seen.borrow().phase, "audit");
    (summary, fake)
}

async fn rush_with(fault: Fault, people: u32, shares: Shares) -> Summary {
    let mut setting = open_room(&[50, 50]);
    setting.faults.push(fault);
    rush(setting, people, shares).await.0
}

fn assert_nothing_broken(summary: &Summary) {
    assert!(summary.promises_held(), "{summary:#?}");
    assert_eq!((summary.lost, summary.oversold, summary.duplicate_persons), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_rush_fills_every_place_and_breaks_nothing() {
    let mut setting = open_room(&[10, 10, 10, 10]);
    setting.opens_in = Duration::from_millis(600);
    setting.called_after_polls = 2;
    setting.asks_back = true;
    let (summary, fake) = rush(setting, 400, Shares::default()).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.places, summary.bookings), (40, 40), "{summary:#?}");
    assert_eq!(fake.taken(), [10, 10, 10, 10]);
    assert!((280..360).contains(&summary.turned_away), "{summary:#?}");
    assert!(summary.entered >= 60 && summary.passes >= 20, "{summary:#?}");
    assert_eq!((summary.errors_5xx, summary.errors_transport), (0, 0));
    assert!(summary.seconds > 0.0 && summary.p50_ms > 0.0 && summary.p99_ms >= summary.p50_ms);
}

#[tokio::test]
async fn who_is_not_eligible_is_turned_away_and_gone() {
    let shares = Shares { eligible: 0.0, insisting: 1.0, ..PLAIN };
    let (summary, _) = rush(open_room(&[5]), 30, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.turned_away, summary.entered, summary.bookings), (30, 0, 0));
    assert_eq!(summary.notes, Vec::<String>::new());
}

#[tokio::test]
async fn who_is_called_at_once_books_without_waiting() {
    let (summary, fake) = rush(open_room(&[5]), 1, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.entered, summary.passes, summary.bookings), (1, 1, 1));
    assert_eq!(fake.polls(), 0);
}

#[tokio::test]
async fn who_is_not_called_yet_polls_until_it_is_their_turn() {
    let mut setting = open_room(&[5]);
    setting.called_after_polls = 3;
    let (summary, fake) = rush(setting, 1, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.passes, summary.bookings), (1, 1));
    assert_eq!(fake.polls(), 3);
}

#[tokio::test]
async fn who_finds_a_slot_full_takes_another() {
    let mut setting = open_room(&[0, 0, 3, 0]);
    setting.faults.push(Fault::StaleSlots);
    let (summary, fake) = rush(setting, 3, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!(summary.bookings, 3);
    assert_eq!(fake.taken(), [0, 0, 3, 0]);
}

#[tokio::test]
async fn a_car_that_fits_nowhere_is_split_and_everybody_is_registered() {
    let shares = Shares { car_groups: 1.0, ..PLAIN };
    let (summary, fake) = rush(open_room(&[1, 1, 1, 1]), 2, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!(summary.bookings, 4);
    assert_eq!(fake.taken(), [1, 1, 1, 1]);
}

#[tokio::test]
async fn who_leaves_books_nothing_and_who_comes_back_does() {
    let mut setting = open_room(&[100]);
    setting.called_after_polls = 8;
    let gone = Shares { walk_away: 1.0, ..PLAIN };
    let (summary, _) = rush(setting.clone(), 10, gone).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.entered, summary.bookings), (10, 0));
    let back = Shares { come_back: 1.0, ..PLAIN };
    let (summary, _) = rush(setting, 10, back).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.entered, summary.bookings), (10, 10));
}

#[tokio::test]
async fn repeated_requests_have_one_effect() {
    for fault in [None, Some(Fault::InProgress)] {
        let mut setting = open_room(&[100]);
        setting.faults.extend(fault);
        let shares = Shares { retriers: 1.0, hold_first: 0.5, ..PLAIN };
        let (summary, fake) = rush(setting, 20, shares).await;
        assert_nothing_broken(&summary);
        assert_eq!((summary.bookings, fake.taken()), (20, vec![20]));
    }
}

#[tokio::test]
async fn overload_and_broken_connections_are_counted_and_tried_again() {
    let summary = rush_with(Fault::Overloaded, 20, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!(summary.bookings, 20);
    assert!(summary.errors_503 > 0 && summary.errors_transport == 0, "{summary:#?}");
    assert_eq!(summary.errors_5xx, summary.errors_503);
    let summary = rush_with(Fault::HangsUp, 20, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!(summary.bookings, 20);
    assert!(summary.errors_transport > 0 && summary.errors_5xx == 0, "{summary:#?}");
}

#[tokio::test]
async fn each_broken_promise_is_named() {
    let retriers = Shares { retriers: 1.0, ..PLAIN };
    let two_tabs = Shares { several_tabs: 1.0, ..PLAIN };
    for (fault, people, shares, promise) in [
        (Fault::RepliesDiffer, 4, retriers, "P3 idempotency"),
        (Fault::ForgetsKeys, 4, retriers, "P3 idempotency"),
        (Fault::LosesBooking, 4, PLAIN, "P2 lost booking"),
        (Fault::MovesBooking, 4, PLAIN, "P2 lost booking"),
        (Fault::SameEntry, 2, PLAIN, "P8 entry issued twice"),
        (Fault::BooksTwice, 20, two_tabs, "P4 duplicate person"),
    ] {
        let summary = rush_with(fault, people, shares).await;
        assert_eq!(summary.broken_promises, [promise], "{fault:?}: {summary:#?}");
        let lost = u64::from(promise.starts_with("P2"));
        assert_eq!(summary.lost, lost, "{fault:?}");
        assert_eq!(summary.duplicate_persons > 0, promise.starts_with("P4"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_place_that_is_lost_or_redeemed_twice_is_named() {
    let mut setting = open_room(&[50, 50]);
    setting.called_after_polls = 2;
    let retriers = Shares { retriers: 1.0, ..PLAIN };
    for (fault, shares, promise) in [
        (Fault::MovesPlaces, PLAIN, "P12 lost place"),
        (Fault::RefusesTickets, PLAIN, "P12 lost place"),
        (Fault::NewPasses, retriers, "P9 two passes"),
    ] {
        let faulty = Setting { faults: vec![fault], ..setting.clone() };
        let (summary, _) = rush(faulty, 4, shares).await;
        assert_eq!(summary.broken_promises, [promise], "{fault:?}: {summary:#?}");
        assert_eq!(summary.lost > 0, promise.starts_with("P12"), "{fault:?}");
    }
}

/// P12: only the newest form of a ticket proves everything.
#[tokio::test]
async fn a_ticket_that_is_signed_anew_replaces_the_old_one() {
    let mut setting = open_room(&[50]);
    setting.called_after_polls = 3;
    setting.faults.push(Fault::SignsAnew);
    let shares = Shares { come_back: 0.5, retriers: 0.5, ..PLAIN };
    let (summary, _) = rush(setting, 20, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.passes, summary.bookings), (20, 20), "{summary:#?}");
}

/// P12: a room that has lost something opens only when everybody has shown their ticket; also those do
/// who read nothing but the public status.
#[tokio::test]
async fn who_hears_of_a_loss_presents_the_ticket() {
    let mut setting = open_room(&[100]);
    setting.opens_in = Duration::from_millis(400);
    setting.faults.push(Fault::LosesMemory);
    let shares = Shares { status_pollers: 1.0, ..PLAIN };
    let (summary, _) = rush(setting, 40, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!(summary.bookings, 40, "{summary:#?}");
}

#[tokio::test]
async fn who_is_told_that_the_room_is_over_goes_home() {
    let mut setting = open_room(&[50]);
    setting.called_after_polls = 1;
    setting.faults.push(Fault::Closes);
    let (summary, _) = rush(setting, 10, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.entered, summary.passes, summary.bookings), (10, 0, 0));
    assert_eq!(summary.notes, Vec::<String>::new());
}

/// Where no place is left people wait, and whoever cancels makes room for one of them: also those who got a place
/// that way. Nobody has a place in the end, as everybody cancels.
#[tokio::test]
async fn who_finds_no_place_waits_for_one_that_comes_back() {
    let mut setting = open_room(&[5, 5]);
    setting.waitlist_places = 4;
    let shares = Shares { waits: 1.0, cancels: 1.0, retriers: 0.5, ..PLAIN };
    let (summary, fake) = rush(setting, 30, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.waitlisted, summary.offered, summary.accepted), (4, 4, 4), "{summary:#?}");
    assert!(summary.cancelled >= 14, "{summary:#?}");
    assert_eq!((summary.bookings, fake.taken()), (0, vec![0, 0]));
}

/// Where there are places for all, who would cancel keeps the place, and the rush ends long before its deadline.
#[tokio::test]
async fn nobody_waits_for_ever_for_others_to_wait() {
    let mut setting = open_room(&[20]);
    setting.waitlist_places = 4;
    let shares = Shares { waits: 1.0, cancels: 1.0, ..PLAIN };
    let (summary, _) = rush(setting, 10, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.bookings, summary.waitlisted, summary.cancelled), (10, 0, 0));
}

/// What nobody wants who waits is everybody's again, and who does not care to wait goes home.
#[tokio::test]
async fn an_offer_can_be_declined_and_nobody_has_to_wait() {
    let mut setting = open_room(&[2]);
    setting.waitlist_places = 3;
    let shares = Shares { waits: 1.0, declines: 1.0, cancels: 1.0, ..PLAIN };
    let (summary, fake) = rush(setting.clone(), 5, shares).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.waitlisted, summary.offered, summary.accepted), (3, 3, 0), "{summary:#?}");
    assert_eq!((summary.cancelled, fake.taken()), (2, vec![0]));
    let (summary, _) = rush(setting, 5, PLAIN).await;
    assert_nothing_broken(&summary);
    assert_eq!((summary.waitlisted, summary.bookings), (0, 2), "{summary:#?}");
}

#[tokio::test]
async fn overselling_is_counted() {
    let mut setting = open_room(&[2, 2]);
    setting.faults.push(Fault::Oversells);
    let (summary, _) = rush(setting, 9, PLAIN).await;
    assert_eq!(summary.broken_promises, ["P1 oversold"], "{summary:#?}");
    assert_eq!(summary.oversold, summary.bookings - 4);
    assert!(summary.oversold > 0);
}

#[tokio::test]
async fn the_summary_is_one_flat_object() {
    let (summary, _) = rush(open_room(&[5]), 1, PLAIN).await;
    let json = serde_json::to_value(&summary).expect("JSON");
    let names: Vec<&str> =
        json.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = [
        "people",
        "turned_away",
        "entered",
        "passes",
        "bookings",
        "places",
        "waitlisted",
        "offered",
        "accepted",
        "cancelled",
        "oversold",
        "duplicate_persons",
        "lost",
        "http_requests",
        "errors_5xx",
        "errors_503",
        "seconds",
        "p50_ms",
        "p99_ms",
        "seed",
        "errors_transport",
        "broken_promises",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}
