//! Groups: several persons in one request, all of them or none.

use std::sync::Arc;

use kernel::{Entropy, ManualClock, SeededEntropy, Timestamp};

use super::event::happened;
use super::{apply, many, one, places_left, scene};
use crate::batch::{Command, Outcome};
use crate::booking::{BookGroup, BookGroupOutcome, BookHold, BookHoldOutcome, Booked, Booking};
use crate::hold::{Hold, HoldState};
use crate::memory::MemoryStore;
use crate::pass::{BindingCheck, GUESSES_MAX, PassGrant};
use crate::store::BookingStore;

/// Commands that were carried out together, and when.
type Batches = Vec<(Timestamp, Vec<Command>)>;

/// A model on which `history` has happened.
async fn model_after(history: &Batches) -> MemoryStore {
    let model = MemoryStore::new(Arc::new(ManualClock::at(scene::at(0))));
    apply(&model).await;
    for (now, commands) in history {
        many(&model, commands, *now).await;
    }
    model
}

fn booked(outcome: Outcome) -> Option<Vec<Booked>> {
    match outcome {
        Outcome::BookGroup(BookGroupOutcome::Booked(bookings)) => Some(bookings),
        Outcome::BookHold(BookHoldOutcome::Booked(booked)) => Some(vec![booked]),
        Outcome::BookGroup(_) | Outcome::BookHold(_) => None,
        other => panic!("not the outcome of a registration: {other:?}"),
    }
}

/// The same persons registered one after the other.
fn one_by_one(group: &BookGroup) -> Vec<Command> {
    let BookGroup { pass, hold, members, idempotency } = group;
    let commands = members.iter().enumerate().map(|(place, member)| {
        Command::BookHold(BookHold {
            pass: pass.clone(),
            hold: *hold,
            registration: Arc::clone(&member.registration),
            binding: member.binding,
            idempotency: idempotency.of_member(place),
        })
    });
    commands.collect()
}

/// What can be seen of a group: places left, seats of its pass, its hold and its bookings.
type Seen = (u32, u8, Option<Hold>, Vec<Option<Booking>>);

async fn seen(store: &dyn BookingStore, group: &BookGroup, now: Timestamp) -> Seen {
    let mut bookings = Vec::new();
    for member in &group.members {
        let booking = store.booking(member.registration.booking).await;
        bookings.push(booking.expect("the store answers"));
    }
    let seats = store.seats_taken(group.pass.pass_id, now).await.expect("the store answers");
    let hold = store.hold(group.hold).await.expect("the store answers");
    (places_left(store, "c", now).await, seats, hold, bookings)
}

/// A hold for one to three persons and a group of as many, under a pass of its own that may be bound or may
/// have booked somebody before. Some persons come again.
fn scenario(number: u32, now: Timestamp, entropy: &dyn Entropy) -> (Vec<Command>, BookGroup) {
    let below = |bound: u32| u32::try_from(entropy.u64() % u64::from(bound)).expect("small");
    let pass = scene::grant(number, 4, now);
    let seats = u8::try_from(1 + below(3)).expect("small");
    let mut before = vec![scene::hold(&pass, "c", seats, number, scene::key(number, 0))];
    if below(4) == 0 {
        let key = scene::key(1_000 + number, 0);
        before.push(scene::book_slot(&pass, "c", 1_000 + number, 100 + number, key));
    }
    let persons: Vec<u32> = (0..=below(3)).map(|_| below(60)).collect();
    let key = scene::key(2_000 + number, 0);
    let group = scene::book_group(&pass, number, 10_000 + 10 * number, &persons, key);
    let binding = match below(4) {
        0 => BindingCheck::Differs,
        1 => BindingCheck::Matches,
        _ => BindingCheck::Unbound,
    };
    let Command::BookGroup(group) = scene::bound(group, binding) else {
        unreachable!("the scene makes a group")
    };
    (before, group)
}

/// A group is booked exactly when everybody could be booked one after the other, and then it is the same:
/// replies, bookings, hold, places, seats and events. Otherwise nothing has happened.
pub async fn a_group_is_booked_as_one_by_one_or_not_at_all(store: &dyn BookingStore) {
    apply(store).await;
    let entropy = SeededEntropy::new(20_210_614);
    let mut history = Batches::new();
    let (mut together, mut refused) = (0, 0);
    for number in 1..=24 {
        let now = scene::at(10_800 + u64::from(number));
        let (before, group) = scenario(number, now, &entropy);
        many(store, &before, now).await;
        history.push((now, before));
        let model = model_after(&history).await;
        let singles = one_by_one(&group);
        let mut expected = Vec::new();
        for single in &singles {
            let Some(told) = booked(one(&model, single.clone(), now).await) else { break };
            expected.extend(told);
        }
        let unchanged = seen(store, &group, now).await;
        let told = booked(one(store, group.clone().into(), now).await);
        if expected.len() == singles.len() {
            assert_eq!(told, Some(expected), "{group:?}");
            assert_eq!(seen(store, &group, now).await, seen(&model, &group, now).await);
            let repeat = Command::from(group);
            let (actual, expected) =
                (one(store, repeat.clone(), now).await, one(&model, repeat, now).await);
            assert_eq!(actual, expected, "P3: whichever way they were booked");
            history.push((now, singles));
            together += 1;
        } else {
            assert_eq!(told, None, "{group:?}");
            assert_eq!(seen(store, &group, now).await, unchanged);
            let release = vec![scene::release(&group.pass, number)];
            many(store, &release, now).await;
            history.push((now, release));
            refused += 1;
        }
    }
    assert!(together >= 6 && refused >= 6, "{together}, {refused}");
    assert_eq!(happened(store).await, happened(&model_after(&history).await).await);
}

/// P3: a repeat changes nothing and is told the same, in the same batch and later; what was cancelled since
/// is told as that. The key is used up for any other request, and a request of one person's key for a group.
pub async fn a_group_is_booked_once(store: &dyn BookingStore) {
    apply(store).await;
    let pass = scene::grant(1, 4, scene::at(0));
    let key = scene::key(2, 0);
    let group = |booking, persons: &[u32], key| scene::book_group(&pass, 1, booking, persons, key);
    let commands = [
        scene::hold(&pass, "c", 4, 1, scene::key(1, 0)),
        group(1, &[1, 2], key),
        group(11, &[1, 2], key),
        group(21, &[2, 1], scene::key(2, 1)),
        scene::book_hold(&pass, 1, 31, 3, scene::key(2, 2)),
        scene::book_hold(&pass, 1, 32, 3, scene::key(3, 0)),
        group(41, &[3, 4], scene::key(3, 1)),
    ];
    let outcomes = many(store, &commands, scene::at(1)).await;
    let told = booked(outcomes[1].clone()).expect("booked");
    assert_eq!([told[0].booking, told[1].booking], [1, 2].map(scene::booking_id));
    assert_eq!(outcomes[2], outcomes[1], "same batch");
    assert_eq!(outcomes[3], Outcome::BookGroup(BookGroupOutcome::KeyReused));
    assert_eq!(outcomes[4], Outcome::BookHold(BookHoldOutcome::KeyReused));
    assert!(booked(outcomes[5].clone()).is_some(), "{outcomes:?}");
    assert_eq!(outcomes[6], Outcome::BookGroup(BookGroupOutcome::KeyReused));
    assert_eq!(one(store, group(51, &[1, 2], key), scene::at(2)).await, outcomes[1], "later batch");
    one(store, scene::cancel(2, scene::key(4, 0)), scene::at(3)).await;
    let repeat = booked(one(store, group(61, &[1, 2], key), scene::at(4)).await).expect("booked");
    let cancelled = repeat.iter().map(|booked| booked.cancelled_at).collect::<Vec<_>>();
    assert_eq!(cancelled, [None, Some(scene::at(3))]);
    assert_eq!(places_left(store, "c", scene::at(4)).await, 27, "two are booked and one held");
    // As everywhere, a refused request leaves the key free.
    let refused = one(store, group(71, &[3, 5], scene::key(5, 0)), scene::at(5)).await;
    assert_eq!(refused, Outcome::BookGroup(BookGroupOutcome::NoSeatFor { member: 1 }));
    let after = booked(one(store, group(81, &[5], scene::key(5, 1)), scene::at(5)).await);
    assert_eq!(after.map(|booked| booked.len()), Some(1));
}

/// Who it fails at is named, and nothing has changed for anybody.
pub async fn a_group_is_refused_as_a_whole(store: &dyn BookingStore) {
    apply(store).await;
    let [pass, other, bound] = [1, 2, 3].map(|number| scene::grant(number, 4, scene::at(0)));
    let commands = [
        scene::hold(&pass, "c", 2, 1, scene::key(1, 0)),
        scene::hold(&bound, "c", 2, 2, scene::key(2, 0)),
        scene::book_slot(&other, "c", 1, 9, scene::key(3, 0)),
    ];
    many(store, &commands, scene::at(1)).await;
    let group = |pass: &PassGrant, hold, persons: &[u32]| {
        scene::book_group(pass, hold, 10, persons, scene::key(4, 0))
    };
    let differs = scene::bound(group(&bound, 2, &[1, 2]), BindingCheck::Differs);
    let cases = [
        (group(&pass, 1, &[1, 9]), BookGroupOutcome::AlreadyBooked { member: 1 }),
        (group(&pass, 1, &[9, 1]), BookGroupOutcome::AlreadyBooked { member: 0 }),
        (group(&pass, 1, &[1, 1]), BookGroupOutcome::NamedTwice { member: 1 }),
        (group(&pass, 1, &[9, 9]), BookGroupOutcome::NamedTwice { member: 1 }),
        (group(&pass, 1, &[1, 2, 3]), BookGroupOutcome::NoSeatFor { member: 2 }),
        (group(&pass, 1, &[1, 2, 9]), BookGroupOutcome::NoSeatFor { member: 2 }),
        (group(&pass, 2, &[1, 2]), BookGroupOutcome::HoldNotFound),
        (group(&pass, 7, &[1, 2]), BookGroupOutcome::HoldNotFound),
        (differs, BookGroupOutcome::PersonNotOfPass),
    ];
    let told = happened(store).await;
    for (command, refusal) in cases {
        let outcome = one(store, command, scene::at(2)).await;
        assert_eq!(outcome, Outcome::BookGroup(refusal));
    }
    assert_eq!(happened(store).await, told);
    assert_eq!(places_left(store, "c", scene::at(2)).await, 25);
    let hold = store.hold(scene::hold_id(1)).await.expect("the store answers").expect("the hold");
    assert_eq!((hold.state, hold.seats_booked), (HoldState::Active, 0));
    assert_eq!(store.booking(scene::booking_id(10)).await.expect("the store answers"), None);

    // P17: the one the pass is bound to comes first, and then others of the same car.
    let matches = scene::bound(group(&bound, 2, &[1, 2]), BindingCheck::Matches);
    let told = booked(one(store, matches, scene::at(3)).await);
    assert_eq!(told.map(|booked| booked.len()), Some(2));
    let late = scene::book_group(&pass, 1, 20, &[3, 4], scene::key(5, 0));
    let late = one(store, late, scene::at(481)).await;
    assert_eq!(late, Outcome::BookGroup(BookGroupOutcome::HoldEnded));
}

/// P4: a refusal tells of those before the one it names that they are not booked: each costs a guess.
pub async fn a_group_pays_for_what_it_learns(store: &dyn BookingStore) {
    apply(store).await;
    let [pass, other] = [1, 2].map(|number| scene::grant(number, 4, scene::at(0)));
    let commands = [
        scene::hold(&pass, "c", 4, 1, scene::key(1, 0)),
        scene::book_slot(&other, "c", 1, 9, scene::key(2, 0)),
    ];
    many(store, &commands, scene::at(1)).await;
    let group = async |persons: &[u32]| {
        let group = scene::book_group(&pass, 1, 10, persons, scene::key(3, 0));
        let Outcome::BookGroup(outcome) = one(store, group, scene::at(2)).await else {
            panic!("not the outcome of a group")
        };
        outcome
    };
    assert_eq!(GUESSES_MAX, 8, "of which these take 3 and 4");
    assert_eq!(group(&[1, 2, 9]).await, BookGroupOutcome::AlreadyBooked { member: 2 });
    assert_eq!(group(&[1, 2, 3, 9]).await, BookGroupOutcome::AlreadyBooked { member: 3 });
    // Two are asked for and one is left. That somebody is booked is told, and it was the last.
    assert_eq!(group(&[1, 9]).await, BookGroupOutcome::RefusedTooOften);
    assert_eq!(group(&[9]).await, BookGroupOutcome::RefusedTooOften);
    assert_eq!(group(&[1, 2]).await, BookGroupOutcome::RefusedTooOften);
}
