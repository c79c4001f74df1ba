//! Putting campaigns into force and out of it, as an operator does it while people book.

use std::time::Duration;

use test_support::RedisServer;

use crate::town::{Campaign, Town};

const SLOT: &str = "site-21991231-1200";

/// Every file of the town opens later than any test ends.
fn later() -> Campaign {
    Campaign::soon(Duration::from_mins(30))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_looked_at_before_it_is_changed() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    let first = later();
    let dry = town.apply_with(&first, &["--dry-run"]).done();
    assert!(dry.contains("nothing was changed"), "{dry}");
    assert_eq!(town.run(&["campaign", "list"]).done(), "");
    assert_eq!(town.run(&["room", "list"]).done(), "", "no store was touched");
    let done = town.apply_with(&first, &["--expect-revision", "0", "--reason", "Start"]).done();
    assert!(done.contains("is in force (revision 1)"), "{done}");

    // The room stays the same one; the slot takes more.
    let larger = Campaign { places: 1_200, ..first.clone() };
    let dry = town.apply_with(&larger, &["--dry-run"]).done();
    for line in ["revision 2", SLOT, "capacity: 1000 → 1200", "0 bookings"] {
        assert!(dry.contains(line), "{line}: {dry}");
    }
    let late = town.apply_with(&larger, &["--expect-revision", "7"]).refused();
    assert!(late.contains("is in force as revision 1"), "{late}");
    town.apply_with(&larger, &["--expect-revision", "1", "--reason", "A second tent"]).done();

    assert_eq!(town.run(&["campaign", "list"]).done(), "town revision 2: Rehearsal\n");
    let shown = town.run(&["campaign", "show", "town"]).done();
    for line in ["by operator: Start", "revision 2", "by operator: A second tent"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let definition = town.run(&["campaign", "show", "town", "--revision", "1"]).done();
    assert!(definition.contains("\"capacity\":1000"), "{definition}");
    assert!(town.run(&["campaign", "show", "town", "--revision", "9"]).refused().contains('9'));
    assert!(town.run(&["campaign", "show", "village"]).refused().contains("no campaign village"));
}

/// What the room store would refuse is found before the booking database is changed, and is named.
#[tokio::test(flavor = "multi_thread")]
async fn neither_store_is_changed_when_one_would_refuse() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    let first = later();
    town.apply(&first).done();
    let other = Campaign { max_active: 7, places: 1_200, ..first.clone() };
    let refused = town.apply(&other).refused();
    assert!(refused.contains("exists with other settings"), "{refused}");
    assert!(refused.contains("gate.max_active: "), "{refused}");
    assert!(refused.contains("→ 7"), "old and new value: {refused}");
    let shown = town.run(&["campaign", "show", "town"]).done();
    assert!(!shown.contains("revision 2"), "{shown}");

    // The other way round: the room would begin a new line, but the bookings cannot be reached.
    let second = Campaign { incarnation: 2, ..first.clone() };
    town.use_database("sqlite://no/such/folder/einlass.db");
    town.apply(&second).refused();
    let room = town.run(&["room", "show", "town"]).done();
    assert!(room.contains("incarnation      1"), "{room}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openings_in_the_past_are_warned_of() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    let ran = town.apply(&Campaign::of_yesterday());
    assert!(ran.err.contains("is in the past"), "{ran:?}");
    ran.done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_removed_with_its_room() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    town.apply(&later()).done();
    let remove = |more: &[&str]| town.run(&[&["campaign", "remove", "town"], more].concat());
    assert!(remove(&["--confirm", "village"]).refused().contains("repeat"));
    let done = remove(&["--confirm", "town", "--reason", "It rains"]).done();
    assert!(done.contains("the campaign town is removed (revision 2)"), "{done}");
    assert_eq!(town.run(&["campaign", "list"]).done() + &town.run(&["room", "list"]).done(), "");
    let shown = town.run(&["campaign", "show", "town"]).done();
    assert!(shown.contains("not in force") && shown.contains("It rains"), "{shown}");
    assert!(remove(&["--confirm", "town"]).refused().contains("is not in force"));
}

/// A slot is closed by the file, and only then cleared.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_cleared_once_it_is_closed() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    let open = later();
    town.apply(&open).done();
    let clear = |more: &[&str]| town.run(&[&["campaign", "clear-slot", "town"], more].concat());
    assert!(clear(&[SLOT, "--cancel"]).refused().contains("close it first"));
    town.apply(&Campaign { closed_slots: &[SLOT], ..open }).done();
    assert!(clear(&["noon", "--cancel"]).refused().contains("no slot noon"));
    assert!(clear(&[SLOT, "--move-to", SLOT]).refused().contains("closed itself"));
    for (arguments, missing) in [(&[SLOT][..], "--move-to"), (&["--cancel"][..], "SLOT")] {
        let wrong = clear(arguments);
        assert!(wrong.code == 2 && wrong.err.contains(missing), "{wrong:?}");
    }
    let dry = clear(&[SLOT, "--cancel", "--dry-run"]).done();
    assert!(dry.contains("0 bookings") && dry.contains("nothing was changed"), "{dry}");
    let done = clear(&["--site", "site", "--cancel"]).done();
    assert!(done.contains("0 bookings of the site site are cancelled"), "{done}");
}

/// A service that starts again with the file of the first day keeps what was changed since.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_reverts_nothing() {
    let redis = RedisServer::start().await.expect("redis");
    let town = Town::set_up(&redis);
    let first = later();
    town.write(&first);
    town.start_and_stop_booking().await;
    let shown = town.run(&["campaign", "show", "town"]).done();
    assert!(shown.contains("revision 1") && shown.contains("by start"), "{shown}");

    town.apply(&Campaign { places: 1_200, ..first.clone() }).done();
    town.write(&first);
    town.start_and_stop_booking().await;
    let shown = town.run(&["campaign", "show", "town"]).done();
    assert!(shown.contains("revision 2") && !shown.contains("revision 3"), "{shown}");
    let definition = town.run(&["campaign", "show", "town", "--revision", "2"]).done();
    assert!(definition.contains("\"capacity\":1200"), "{definition}");

    town.run(&["campaign", "remove", "town", "--confirm", "town"]).done();
    town.start_and_stop_booking().await;
    assert_eq!(town.run(&["campaign", "list"]).done(), "", "what was removed stays so");
}
