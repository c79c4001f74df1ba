//! Events: what has happened, once, in order and for good.

use kernel::Timestamp;

use super::{apply, many, scene};
use crate::campaign::CampaignPlan;
use crate::campaign::apply::{ApplyCampaign, Intent};
use crate::campaign::remove::{ActiveBookings, RemoveCampaign, Removed};
use crate::campaign::revision::RevisionActor;
use crate::event::chain::{ChainEnd, Link};
use crate::event::{Actor, Event, HoldEnd, What};
use crate::store::BookingStore;

/// All that has happened, from a chain that is whole.
pub(super) async fn all(store: &dyn BookingStore) -> Vec<Event> {
    let links = links(store, 0, u32::MAX).await;
    ChainEnd::default().verify(&scene::slot("rehearsal"), &links).expect("the chain is whole");
    links.iter().flat_map(|link| link.read().expect("events")).collect()
}

/// The same without what a store is free in: in which order independent commands of a batch are told, and
/// when somebody notices that a hold has expired.
pub(super) async fn happened(store: &dyn BookingStore) -> Vec<(String, Option<Timestamp>)> {
    let told = all(store).await.into_iter().map(|event| {
        let at = (event.actor != Actor::Clock).then_some(event.at);
        (format!("{:?}: {:?}", event.actor, event.what), at)
    });
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    told
}

async fn links(store: &dyn BookingStore, after: u64, links_max: u32) -> Vec<Link> {
    let campaign = scene::slot("rehearsal");
    store.events(&campaign, after, links_max).await.expect("the store answers")
}

fn seats_held(number: u32, name: &str, seats: u8, until: u64) -> What {
    let (hold, slot) = (scene::hold_id(number), scene::slot(name));
    What::SeatsHeld { hold, slot, seats, expires_at: scene::at(until) }
}

fn hold_ended(number: u32, by: HoldEnd) -> What {
    What::HoldEnded { hold: scene::hold_id(number), by }
}

fn booked(number: u32, name: &str, hold: Option<u32>) -> What {
    let (booking, slot) = (scene::booking_id(number), scene::slot(name));
    What::Booked { booking, slot, hold: hold.map(scene::hold_id) }
}

fn places_freed(name: &str, places: u32) -> What {
    What::PlacesFreed { slot: scene::slot(name), places }
}

/// What has happened is told in its order with who asked for it, in the transaction of what it tells.
pub async fn what_has_happened_is_told(store: &dyn BookingStore) {
    apply(store).await;
    let [anna, berta] = [1, 2].map(|number| scene::grant(number, 2, scene::at(0)));
    let [by_anna, by_berta] = [&anna, &berta].map(|pass| Actor::Pass(pass.pass_id));
    let commands = [
        scene::hold(&anna, "c", 2, 1, scene::key(1, 0)),
        scene::book_hold(&anna, 1, 1, 1, scene::key(2, 0)),
        scene::book_hold(&anna, 1, 2, 2, scene::key(3, 0)),
        scene::hold(&berta, "b", 2, 2, scene::key(4, 0)),
        scene::release(&berta, 2),
        scene::book_slot(&berta, "b", 3, 3, scene::key(5, 0)),
        scene::correct(&berta, 3, 4, scene::key(6, 0)),
        scene::move_booking(3, "b", scene::key(7, 0)),
        scene::move_booking(3, "a", scene::key(8, 0)),
        scene::end_pass(&berta),
    ];
    let executed = store.execute(&commands, scene::at(10)).await.expect("the store answers");
    let booking = scene::booking_id(3);
    let by_token = Actor::TokenOf(booking);
    let expected = [
        (Actor::Operator, What::CampaignChanged { revision: 1 }),
        (by_anna, seats_held(1, "c", 2, 490)),
        (by_anna, booked(1, "c", Some(1))),
        (by_anna, booked(2, "c", Some(1))),
        (by_anna, What::PassUsedUp { pass: anna.pass_id }),
        (by_anna, hold_ended(1, HoldEnd::Booked)),
        (by_berta, seats_held(2, "b", 2, 490)),
        (by_berta, hold_ended(2, HoldEnd::Released)),
        (by_berta, places_freed("b", 2)),
        (by_berta, booked(3, "b", None)),
        (by_berta, What::PersonCorrected { booking }),
        (by_token, What::Moved { booking, from: scene::slot("b"), to: scene::slot("a") }),
        (by_token, places_freed("b", 1)),
        (by_berta, What::PassEnded { pass: berta.pass_id }),
    ];
    let told = all(store).await;
    let happened: Vec<_> = told.iter().map(|event| (event.actor, event.what.clone())).collect();
    assert_eq!(happened, expected);
    assert!(told.iter().map(|event| event.number).eq(1..=14), "no gaps: {told:?}");
    assert!(told[1..].iter().all(|event| event.at == scene::at(10)));
    let [new] = executed.events.as_slice() else { panic!("one campaign, one link: {executed:?}") };
    assert_eq!(new.events, told[1..], "what was answered is what was written");
}

/// Times run out and bookings are cancelled without a pass. What has expired is told when a command meets
/// it, before what that does, or when a sweep comes.
pub async fn what_needs_no_pass_is_told(store: &dyn BookingStore) {
    apply(store).await;
    let [early, late] = [(1, 0), (2, 400)].map(|(number, s)| scene::grant(number, 3, scene::at(s)));
    let commands = [
        scene::book_slot(&early, "c", 1, 1, scene::key(1, 0)),
        scene::hold(&early, "a", 1, 1, scene::key(2, 0)),
        scene::hold(&early, "b", 1, 2, scene::key(3, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let commands =
        [scene::hold(&late, "c", 2, 3, scene::key(4, 0)), scene::cancel(1, scene::key(5, 0))];
    many(store, &commands, scene::at(420)).await;
    let commands = [
        scene::renew(&late, 3, scene::key(6, 0)),
        scene::book_slot(&late, "b", 2, 2, scene::key(7, 0)),
    ];
    many(store, &commands, scene::at(600)).await;
    many(store, &[scene::sweep(10)], scene::at(601)).await;
    let (by_late, by_token) = (Actor::Pass(late.pass_id), Actor::TokenOf(scene::booking_id(1)));
    let (booking, hold) = (scene::booking_id(1), scene::hold_id(3));
    let expected = [
        (by_late, seats_held(3, "c", 2, 900)),
        (by_token, What::Cancelled { booking, slot: scene::slot("c") }),
        (by_token, places_freed("c", 1)),
        (by_late, What::HoldRenewed { hold, expires_at: scene::at(1_080) }),
        (Actor::Clock, hold_ended(2, HoldEnd::Expired)),
        (Actor::Clock, places_freed("b", 1)),
        (by_late, booked(2, "b", None)),
        (Actor::Clock, hold_ended(1, HoldEnd::Expired)),
        (Actor::Clock, places_freed("a", 1)),
    ];
    let told = all(store).await.into_iter().skip(4);
    let happened: Vec<_> = told.map(|event| (event.actor, event.what)).collect();
    assert_eq!(happened, expected);
}

/// A refusal, a repetition and a second giving back are no events; nor is a look at what would be.
pub async fn what_has_not_happened_is_not_told(store: &dyn BookingStore) {
    apply(store).await;
    let (pass, stranger) = (scene::grant(1, 2, scene::at(0)), scene::grant(2, 1, scene::at(0)));
    let commands = [
        scene::hold(&pass, "c", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "c", 1, 1, scene::key(2, 0)),
        scene::end_pass(&stranger),
        scene::cancel(1, scene::key(3, 0)),
    ];
    many(store, &commands, scene::at(0)).await;
    let before = all(store).await;
    assert_eq!(before.len(), 6);
    let mut again = commands.to_vec();
    again.extend([
        scene::hold(&pass, "nowhere", 1, 2, scene::key(4, 0)),
        scene::book_slot(&stranger, "c", 2, 2, scene::key(5, 0)),
        scene::book_hold(&stranger, 1, 3, 3, scene::key(6, 0)),
        scene::renew(&pass, 1, scene::key(7, 0)),
        scene::release(&stranger, 1),
        scene::cancel(1, scene::key(8, 0)),
        scene::sweep(10),
    ]);
    let executed = store.execute(&again, scene::at(0)).await.expect("the store answers");
    assert_eq!(executed.events, []);
    apply(store).await;
    let look = ApplyCampaign { intent: Intent::Preview, ..renamed("Looked at") };
    store.change_campaign(&look, scene::at(1)).await.expect("the store answers");
    assert_eq!(all(store).await, before);
    let nowhere = store.events(&scene::slot("nowhere"), 0, 10).await;
    assert_eq!(nowhere.expect("the store answers"), []);
}

fn renamed(title: &str) -> ApplyCampaign {
    let mut campaign = scene::campaign();
    title.clone_into(&mut campaign.title_en);
    ApplyCampaign::of_operator(CampaignPlan::new(campaign).expect("a plan"))
}

/// The history of a campaign goes on where it was, through changes, removal and return.
pub async fn a_campaign_changed_or_removed_is_told(store: &dyn BookingStore) {
    let start = ApplyCampaign::at_start(scene::plan());
    store.change_campaign(&start, scene::at(0)).await.expect("the store answers");
    store.change_campaign(&renamed("Larger"), scene::at(1)).await.expect("the store answers");
    let pass = scene::grant(1, 4, scene::at(0));
    let hold = scene::hold(&pass, "c", 1, 1, scene::key(1, 0));
    let book = scene::book_slot(&pass, "c", 1, 1, scene::key(2, 0));
    many(store, &[hold, book], scene::at(2)).await;
    let removal = RemoveCampaign {
        campaign: scene::slot("rehearsal"),
        bookings: ActiveBookings::Discard,
        intent: Intent::Apply,
        actor: RevisionActor::Operator,
        reason: None,
    };
    let removed = store.remove_campaign(&removal, scene::at(3)).await.expect("the store answers");
    assert_eq!(removed, Removed::Removed { revision: 3, bookings: 1 });
    assert_eq!(all(store).await.len(), 5, "events outlive their campaign");
    store.apply_campaign(&scene::plan(), scene::at(4)).await.expect("the store answers");
    let end = scene::end_pass(&pass);
    many(store, &[end], scene::at(5)).await;

    let told = all(store).await;
    assert!(told.iter().map(|event| event.number).eq(1..=7), "no gaps: {told:?}");
    let changes: Vec<_> = told
        .into_iter()
        .filter(|event| !matches!(event.actor, Actor::Pass(_)))
        .map(|event| (event.at, event.actor, event.what))
        .collect();
    let expected = [
        (scene::at(0), Actor::Start, What::CampaignChanged { revision: 1 }),
        (scene::at(1), Actor::Operator, What::CampaignChanged { revision: 2 }),
        (scene::at(3), Actor::Operator, What::CampaignRemoved { revision: 3, bookings: 1 }),
        (scene::at(4), Actor::Operator, What::CampaignChanged { revision: 4 }),
    ];
    assert_eq!(changes, expected);
}

/// Whoever reads events goes on where they were, a bounded piece at a time.
pub async fn events_are_read_in_pieces(store: &dyn BookingStore) {
    apply(store).await;
    for number in 1..=4 {
        let pass = scene::grant(number, 1, scene::at(0));
        let command = scene::book_slot(&pass, "c", number, number, scene::key(number, 0));
        many(store, &[command], scene::at(number.into())).await;
    }
    let whole = links(store, 0, 10).await;
    let bounds =
        |links: &[Link]| -> Vec<_> { links.iter().map(|of| (of.first, of.last)).collect() };
    assert_eq!(bounds(&whole), [(1, 1), (2, 3), (4, 5), (6, 7), (8, 9)]);
    assert_eq!(whole[4].at, scene::at(4));
    let (mut end, mut pieces) = (ChainEnd::default(), Vec::new());
    loop {
        let piece = links(store, end.number, 2).await;
        assert!(piece.len() <= 2, "bounded");
        if piece.is_empty() {
            break;
        }
        let campaign = scene::slot("rehearsal");
        end = end.verify(&campaign, &piece).expect("each piece goes on where the last one ended");
        pieces.extend(piece);
    }
    assert_eq!(pieces, whole);
    assert_eq!(
        bounds(&links(store, 4, 2).await),
        [(4, 5), (6, 7)],
        "from within a link: all of it"
    );
    assert_eq!(links(store, 9, 10).await, []);
    assert_eq!(links(store, u64::MAX, 10).await, []);
}
