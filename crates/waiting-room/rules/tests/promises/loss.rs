//! What remains when the store is away, or has forgotten everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use waiting_room::WaitingRoom;
use waiting_room::contract::by;
use waiting_room::service::JoinRequest;
use waiting_room::service::outcome::{Answer, RedeemOutcome, RoomError};
use waiting_room::service::room::QUIET_AFTER_LOSS;
use waiting_room::store::Created;
use waiting_room::view::Standing;
use waiting_room::{RoomId, RoomStore};

use crate::harness::{ROOM, Town, after, join, join_many, place, poll, redeem, try_join};

/// P13: polls need no store; what does need it fails at once, and works again afterwards.
#[tokio::test]
async fn polls_go_on_while_the_store_is_down() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let answer = join(&instance).await;
    town.store.set_down(true);
    town.pass_s(70);
    instance.renew().await;
    let asked = instance.ask(ROOM, &answer.ticket).expect("polls go on");
    assert_eq!((asked.entry, &asked.ticket), (answer.entry, &answer.ticket));
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert_eq!(refused.expect_err("refused"), RoomError::Unavailable);
    town.store.set_down(false);
    instance.renew().await;
    assert!(redeem(&instance, &answer).await.is_some(), "the draw was held as soon as possible");
}

/// P18: admissions on arrival raise what was called without a call of the gate. A loss does not make the gate
/// wait for people who came long ago.
#[tokio::test]
async fn calling_goes_on_after_many_were_let_in_on_arrival_and_a_loss() {
    let town = Town::at(10, |settings| {
        settings.gate.max_active = 1_200;
        settings.gate.burst = 5_000;
        settings.gate.pace_per_minute = 6_000;
    })
    .await;
    let instance = town.instance().await;
    let mut let_in = 0;
    while let_in < 1_200 {
        let answers = join_many(&instance, 100).await;
        let_in += answers.iter().filter(|answer| answer.pass.is_some()).count();
        instance.renew().await;
        assert!(!answers.iter().all(|answer| answer.pass.is_none()), "nobody waits");
    }
    let mut waiting = join_many(&instance, 60).await;
    instance.renew().await;
    assert!(
        matches!(poll(&instance, &mut waiting[0]), Standing::Waiting { .. }),
        "all seats are taken"
    );

    town.store.store.forget();
    town.pass_renewing(10, &instance).await;
    for answer in &mut waiting {
        assert!(matches!(poll(&instance, answer), Standing::Called { .. }), "1,200 seats are free");
        assert!(redeem(&instance, answer).await.is_some());
    }
}

fn places(instance: &WaitingRoom, answers: &mut [Answer]) -> Vec<u64> {
    answers.iter_mut().map(|answer| place(instance, answer)).collect()
}

/// P12, P8: a store that lost everything takes its memory from the instances that live.
#[tokio::test]
async fn a_store_that_forgot_everything_is_healed_by_the_instances() {
    let town = Town::at(-60, |settings| {
        settings.gate.max_active = 50;
        settings.gate.burst = 50;
    })
    .await;
    let (one, two) = (town.instance().await, town.instance().await);
    let mut tickets = join_many(&one, 30).await;
    town.pass_s(60);
    one.renew().await;
    two.renew().await;
    // What only instance two has seen when the store forgets.
    tickets.extend(join_many(&two, 10).await);
    two.renew().await;
    let before = places(&two, &mut tickets);
    let redeemed = redeem(&two, &tickets[0]).await.expect("called");
    let epoch = town.truth().await.expect("known").memory.epoch;

    town.store.store.forget();
    one.renew().await;
    let early = try_join(&one, JoinRequest::default()).await;
    let for_s = QUIET_AFTER_LOSS.as_secs() + 1;
    assert_eq!(early.expect_err("others must add first"), RoomError::Quiet { for_s });
    two.renew().await;
    town.pass_s(2);
    let next = join(&one).await;
    assert_eq!(next.entry, 40, "entries that only instance two knew of are not issued again");
    assert!(next.epoch > epoch);
    assert_eq!(places(&one, &mut tickets), before);
    one.renew().await;
    // The forgotten redemption can be repeated; it is for the very same pass id, which the booking
    // database counts, so it opens no second booking.
    let again = redeem(&one, &tickets[0]).await.expect("called");
    assert_eq!(town.pass_id(&redeemed), town.pass_id(&again));
}

/// P8, P12: what was done between two renewals is known to the instance that did it.
#[tokio::test]
async fn entries_issued_just_before_a_loss_are_not_issued_again() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let tickets = join_many(&instance, 25).await;
    town.store.store.forget();
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert!(matches!(refused, Err(RoomError::Quiet { .. })), "{refused:?}");
    town.pass_s(2);
    let next = join(&instance).await;
    assert_eq!(next.entry, 25);
    let issued: BTreeSet<_> = tickets.iter().map(|answer| (answer.epoch, answer.entry)).collect();
    assert_eq!(issued.len(), 25);
    assert!(!issued.contains(&(next.epoch, next.entry)));
}

/// An instance that was restarted, and whose room is nowhere.
async fn without_memory(town: &Town) -> Arc<WaitingRoom> {
    town.store.store.forget();
    town.pass_s(30);
    let instance = town.instance().await;
    instance.renew().await;
    instance.discover().await.expect("the store answers");
    instance
}

/// P8, P12: a starting service makes no room, whatever it finds; it says that one is missing.
#[tokio::test]
async fn nobody_but_the_operator_makes_a_room() {
    let town = Town::at(-60, |_| ()).await;
    let first = town.instance().await;
    let ticket = join(&first).await.ticket;
    let instance = without_memory(&town).await;
    let room: RoomId = ROOM.parse().expect("a name");
    assert_eq!(instance.missing([&room]), [&room]);
    assert_eq!(instance.ask(ROOM, &ticket).expect_err("unknown"), RoomError::UnknownRoom);
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert_eq!(refused.expect_err("unknown"), RoomError::UnknownRoom);
    assert_eq!(town.store.list(None, 9).await.expect("list"), []);
    assert_eq!(instance.create(&town.settings, &by()).await.expect("applied"), Created::Healing);
    assert!(instance.missing([&room]).is_empty());
}

/// P12, P8, P9: the store and every instance lost at once. The tickets that come in restore the draw, the
/// counters and who was called; everybody keeps the place exactly, and no entry is issued twice.
#[tokio::test]
async fn total_loss_costs_nobody_the_place() {
    let town = Town::at(-60, |settings| settings.gate.max_active = 8).await;
    let mut tickets;
    let (before, first, redeemed);
    {
        let instance = town.instance().await;
        tickets = join_many(&instance, 40).await;
        town.pass_renewing(61, &instance).await;
        tickets.extend(join_many(&instance, 10).await);
        before = places(&instance, &mut tickets);
        first = tickets.iter().position(is_called).expect("somebody is called");
        redeemed = redeem(&instance, &tickets[first]).await.expect("called");
    }
    let called: Vec<usize> = (0..50).filter(|number| is_called(&tickets[*number])).collect();
    assert!((1..=8).contains(&called.len()), "{called:?}");
    let frozen = town.truth().await.expect("known").memory.frozen;

    let instance = without_memory(&town).await;
    assert_eq!(instance.create(&town.settings, &by()).await.expect("applied"), Created::Healing);
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert!(matches!(refused, Err(RoomError::Quiet { .. })), "{refused:?}");
    // One who was drawn proves the draw for all; whoever was called stays called.
    let drawn = *called.last().expect("somebody was called");
    place(&instance, &mut tickets[drawn]);
    assert_eq!(places(&instance, &mut tickets), before);
    for number in &called {
        assert!(matches!(poll(&instance, &mut tickets[*number]), Standing::Called { .. }));
    }
    instance.renew().await;
    let truth = town.truth().await.expect("known").memory;
    assert_eq!((truth.entered.total(), truth.frozen), (50, frozen));

    town.pass_renewing(town.settings.listening_time().as_secs() + 10, &instance).await;
    let next = join_many(&instance, 10).await;
    let issued: BTreeSet<_> =
        tickets.iter().chain(&next).map(|answer| (answer.epoch, answer.entry)).collect();
    assert_eq!(issued.len(), 60, "no (epoch, entry) twice");
    assert!(next.iter().all(|answer| answer.entry >= 50));
    assert_eq!(places(&instance, &mut tickets), before);
    for number in &called {
        let outcome = instance.redeem(ROOM, &tickets[*number].ticket).await.expect("an outcome");
        assert!(
            !matches!(outcome, RedeemOutcome::Used { .. }),
            "called before, and not told to be used up"
        );
    }
    let again = redeem(&instance, &tickets[first]).await.expect("called");
    assert_eq!(town.pass_id(&redeemed), town.pass_id(&again));
}

fn is_called(answer: &Answer) -> bool {
    matches!(answer.standing, Standing::Called { .. })
}

/// P12: after a total loss in the middle of a gathering, everybody who gathered still takes part in the draw, and whoever
/// had a place in front of it keeps that.
#[tokio::test]
async fn a_gathering_goes_on_after_total_loss() {
    let town = Town::at(60, |settings| settings.gate.max_active = 2).await;
    let mut tickets;
    let before;
    {
        let instance = town.instance().await;
        tickets = join_many(&instance, 8).await;
        before = places(&instance, &mut tickets);
        town.clock.set(after(1_801));
        tickets.extend(join_many(&instance, 20).await);
    }
    let instance = without_memory(&town).await;
    assert_eq!(instance.create(&town.settings, &by()).await.expect("applied"), Created::Healing);
    // Nobody was drawn yet, so no ticket carries a block: only when each was issued tells.
    for answer in &mut tickets {
        poll(&instance, answer);
    }
    town.pass_renewing(town.settings.listening_time().as_secs() + 10, &instance).await;
    assert_eq!(places(&instance, &mut tickets[..8]), before);
    for answer in &mut tickets[8..] {
        let standing = poll(&instance, answer);
        assert_eq!(standing, Standing::Gathering { opens_at: Some(after(3_600)) });
    }
    town.clock.set(after(3_600));
    instance.renew().await;
    let view = instance.view(ROOM).expect("room");
    assert_eq!(view.line.draws().last().map(waiting_room::line::Draw::entries), Some(20));
}

/// P12: a ticket alone is proof enough that its entry was issued.
#[tokio::test]
async fn a_presented_ticket_raises_the_counter() {
    let town = Town::at(-60, |_| ()).await;
    let mut ticket = {
        let lost = town.instance().await;
        join_many(&lost, 12).await.pop().expect("one")
    };
    let instance = without_memory(&town).await;
    instance.create(&town.settings, &by()).await.expect("applied");
    assert_eq!(instance.view(ROOM).expect("room").state.memory.entered.total(), 0);
    instance.ask(ROOM, &ticket.ticket).expect("valid");
    town.pass_renewing(town.settings.listening_time().as_secs(), &instance).await;
    let mut next = join(&instance).await;
    assert_eq!(next.entry, 12);
    assert_eq!(place(&instance, &mut next), 12);
    assert!(place(&instance, &mut ticket) < 12, "it took part in the draw");
}
