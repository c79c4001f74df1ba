//! What remains when the store is away, or has forgotten.

use std::collections::BTreeSet;

use waiting_room::outcome::{Redemptions, RoomError};
use waiting_room::view::Standing;

use crate::harness::{ROOM, Town, join, join_many, redeem, speyer};

/// P13: polls need no store; what does need it fails at once, and works again afterwards.
#[tokio::test]
async fn polls_go_on_while_the_store_is_down() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance().await;
    let answer = join(&instance).await;
    town.store.set_down(true);
    town.pass_s(70);
    instance.renew().await;
    let asked = instance.ask(ROOM, &answer.ticket).expect("polls go on");
    assert_eq!((asked.entry, asked.ticket), (answer.entry, answer.ticket.clone()));
    let refused = instance.join(ROOM, None, speyer(), None).await;
    assert_eq!(refused.expect_err("refused"), RoomError::Unavailable);
    town.store.set_down(false);
    instance.renew().await;
    assert!(redeem(&instance, &answer).await.is_some(), "the draw was held as soon as possible");
}

/// P12, P8: a store that lost everything takes its counters from what instances and tickets know.
#[tokio::test]
async fn total_loss_of_the_store_costs_nobody_the_place() {
    let town = Town::at(-60, |settings| {
        settings.gate.max_active = 50;
        settings.gate.burst = 50;
    });
    let (one, two) = (town.instance().await, town.instance().await);
    let mut tickets = join_many(&one, 30).await;
    town.pass_s(60);
    one.renew().await;
    two.renew().await;
    // What only instance two has seen when the store forgets.
    tickets.extend(join_many(&two, 10).await);
    let places = |instance: &waiting_room::WaitingRoom| -> Vec<u64> {
        let standing = |ticket: &str| instance.ask(ROOM, ticket).expect("valid").standing;
        tickets
            .iter()
            .map(|answer| match standing(&answer.ticket) {
                Standing::Waiting { place, .. } | Standing::Called { place } => place,
                Standing::Gathering { .. } => panic!("the draw was held"),
            })
            .collect()
    };
    let before = places(&one);
    let redeemed = redeem(&one, &tickets[0]).await.expect("called");

    town.store.store.forget(&town.settings.room);
    one.renew().await;
    let early = one.join(ROOM, None, speyer(), None).await;
    assert_eq!(early.expect_err("quiet"), RoomError::Unavailable, "others must report first");
    two.renew().await;
    town.pass_s(2);
    let next = join(&one).await;
    assert_eq!(next.entry, 40, "entries only instance two knew of are not issued again");
    assert_eq!(places(&one), before);
    assert_eq!(one.view(ROOM).expect("room").state.epoch, 1);
    one.renew().await;
    // The forgotten redemption can be repeated; it is for the very same pass id, which the booking
    // database counts, so it opens no second booking.
    let again = redeem(&one, &tickets[0]).await.expect("called");
    let id = |pass: &str| {
        crate::harness::verifier()
            .verify(pass, &town.settings.room, kernel::Clock::now(&*town.clock))
            .expect("valid")
            .pass_id
    };
    assert_eq!(id(&redeemed.pass), id(&again.pass));
}

/// P12: a ticket alone is proof enough that its entry was issued.
#[tokio::test]
async fn a_presented_ticket_raises_the_counter() {
    let town = Town::at(-60, |_| ());
    let ticket = {
        let lost = town.instance().await;
        join_many(&lost, 12).await.pop().expect("one")
    };
    town.store.store.forget(&town.settings.room);
    let fresh = town.instance().await;
    assert_eq!(fresh.view(ROOM).expect("room").state.entered, 0);
    fresh.ask(ROOM, &ticket.ticket).expect("valid");
    let next = join(&fresh).await;
    assert_eq!(next.entry, 12);
}

/// P12: who was called and comes late still gets in.
#[tokio::test]
async fn coming_late_costs_nothing() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance().await;
    let answers = join_many(&instance, 20).await;
    town.pass_s(60);
    let mut late: BTreeSet<usize> = (0..20).collect();
    for _ in 0..40 {
        instance.renew().await;
        town.pass_s(60);
    }
    for number in late.clone() {
        match instance.redeem(ROOM, &answers[number].ticket).await.expect("an outcome") {
            Redemptions::Pass(_) => assert!(late.remove(&number)),
            Redemptions::NotYourTurn { .. } => (),
            Redemptions::Used => panic!("never redeemed before"),
        }
    }
    assert_eq!(late.len(), 15, "five at once");
    town.pass_s(900);
    instance.renew().await;
    let next = *late.first().expect("some are left");
    assert!(redeem(&instance, &answers[next]).await.is_some());
}
