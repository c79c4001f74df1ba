//! Who stands where, and who gets a pass.

use std::collections::BTreeSet;

use kernel::Clock as _;
use waiting_room::draw::{Permutation, seed};
use waiting_room::outcome::{Joined, Redemptions, RoomError};
use waiting_room::view::{Phase, Standing};

use crate::harness::{ROOM, Town, join, join_many, redeem, speyer, verifier};

/// P8, across instances.
#[tokio::test]
async fn no_entry_is_issued_twice() {
    let town = Town::at(-60, |_| ());
    let (one, two) = (town.instance().await, town.instance().await);
    let (first, second) = tokio::join!(join_many(&one, 700), join_many(&two, 700));
    let entries: BTreeSet<u64> = first.iter().chain(&second).map(|answer| answer.entry).collect();
    assert_eq!(entries, (0..1_400).collect::<BTreeSet<u64>>());
}

#[tokio::test]
async fn the_draw_can_be_recomputed_from_what_is_published() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance().await;
    let commitment = instance.view(ROOM).expect("room").settings.openings[0].commitment;
    let gathered = join_many(&instance, 40).await;
    assert!(gathered.iter().all(|answer| matches!(answer.standing, Standing::Gathering { .. })));
    town.pass_s(60);
    instance.discover().await.expect("store");
    let late = join(&instance).await;
    let view = instance.view(ROOM).expect("room");
    let [draw] = view.line.draws() else { panic!("one draw, got {:?}", view.line.draws()) };
    assert_eq!((draw.first, draw.entries), (0, 40), "who came after the opening is not in it");
    assert_eq!(draw.secret.commitment(), commitment);
    let recomputed = seed(&view.settings.room, 0, draw.entries, &draw.secret, b"");
    let permutation = Permutation::new(&recomputed, draw.entries);
    for answer in &gathered {
        let place = match instance.ask(ROOM, &answer.ticket).expect("valid").standing {
            Standing::Waiting { place, .. } | Standing::Called { place } => place,
            Standing::Gathering { .. } => panic!("the draw was held"),
        };
        assert_eq!(place, permutation.apply(answer.entry));
    }
    assert_eq!(late.entry, 40);
    assert!(matches!(late.standing, Standing::Waiting { place: 40, .. }), "{:?}", late.standing);
}

#[tokio::test]
async fn who_presents_a_ticket_keeps_the_entry() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance().await;
    let first = join(&instance).await;
    let again = instance.join(ROOM, Some(&first.ticket), speyer(), None).await;
    assert!(
        matches!(&again, Ok(Joined::Known(answer)) if answer.entry == first.entry && answer.ticket == first.ticket),
        "{again:?}"
    );
    let forged = instance.join(ROOM, Some("AAAA"), speyer(), None).await;
    assert_eq!(forged.expect_err("refused"), RoomError::TicketInvalid);
}

#[tokio::test]
async fn who_cannot_book_takes_no_place() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance().await;
    let elsewhere = instance.join(ROOM, None, "80331".parse().expect("postcode"), None).await;
    assert!(matches!(elsewhere, Ok(Joined::NotEligible(None))), "{elsewhere:?}");
    let wrong = instance.join(ROOM, None, speyer(), "01000001".parse().ok()).await;
    assert!(matches!(wrong, Ok(Joined::MunicipalityMismatch)), "{wrong:?}");
    assert_eq!(join(&instance).await.entry, 0);
}

#[tokio::test]
async fn nobody_joins_before_the_gathering_or_after_the_end() {
    let town = Town::at(-4_000, |_| ());
    let instance = town.instance().await;
    let early = instance.join(ROOM, None, speyer(), None).await;
    assert!(
        matches!(early, Ok(Joined::NotOpenYet { gathers_from }) if gathers_from.since(town.clock.now()).as_secs() == 400),
        "{early:?}"
    );
    town.pass_s(4_000 + 86_400);
    let late = instance.join(ROOM, None, speyer(), None).await;
    assert!(matches!(late, Ok(Joined::Closed)), "{late:?}");
}

/// When nobody waits, joining answers with a pass.
#[tokio::test]
async fn an_idle_room_gives_the_pass_at_once() {
    let town = Town::at(10, |_| ());
    let instance = town.instance().await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Open);
    let answer = join(&instance).await;
    let pass = answer.pass.clone().expect("a pass");
    let claims =
        verifier().verify(&pass.pass, &town.settings.room, town.clock.now()).expect("a valid pass");
    assert_eq!((claims.ags.to_string().as_str(), claims.seats), ("07318000", 4));
    assert_eq!(redeem(&instance, &answer).await, Some(pass), "redeeming repeats the answer");
    // Five are allowed at once: the sixth waits.
    let others = join_many(&instance, 5).await;
    assert_eq!(others.iter().filter(|answer| answer.pass.is_some()).count(), 4);
}

/// P9: the same ticket gives the same pass, on any instance, until it expires; then never again.
#[tokio::test]
async fn a_ticket_is_redeemed_for_one_pass() {
    let town = Town::at(-1, |_| ());
    let (one, two) = (town.instance().await, town.instance().await);
    let answer = join(&one).await;
    assert_eq!(redeem(&one, &answer).await, None, "not called");
    town.pass_s(1);
    let early = one.redeem(ROOM, &answer.ticket).await;
    assert!(matches!(early, Ok(Redemptions::NotYourTurn { .. })), "{early:?}");
    for instance in [&one, &two] {
        instance.renew().await;
    }
    let pass = redeem(&one, &answer).await.expect("called");
    town.pass_s(30);
    assert_eq!(redeem(&two, &answer).await.as_ref(), Some(&pass));
    town.pass_s(900);
    assert_eq!(one.redeem(ROOM, &answer.ticket).await, Ok(Redemptions::Used));
}

#[tokio::test]
async fn leaving_makes_room() {
    let town = Town::at(10, |settings| settings.gate.max_active = 1);
    let instance = town.instance().await;
    let pass = join(&instance).await.pass.expect("idle");
    let waiting = join(&instance).await;
    instance.renew().await;
    assert_eq!(redeem(&instance, &waiting).await, None);
    assert_eq!(instance.leave(ROOM, "nonsense").await, Err(RoomError::PassInvalid));
    instance.leave(ROOM, &pass.pass).await.expect("left");
    instance.renew().await;
    assert!(redeem(&instance, &waiting).await.is_some());
}

/// P14: a full queue refuses at once, and says so.
#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance_with(|limits| limits.joins.queue_depth_max = 100).await;
    let joins = (0..300).map(|_| {
        let instance = std::sync::Arc::clone(&instance);
        tokio::spawn(async move { instance.join(ROOM, None, speyer(), None).await })
    });
    let tasks: Vec<_> = joins.collect();
    let mut entered = BTreeSet::new();
    let mut refused = 0;
    for task in tasks {
        match task.await.expect("joined") {
            Ok(Joined::New(answer)) => assert!(entered.insert(answer.entry)),
            Err(RoomError::Overloaded) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((entered.len(), refused), (100, 200));
}

/// P16: what was accepted is answered; nothing is accepted afterwards.
#[tokio::test]
async fn shutting_down_answers_what_was_accepted() {
    let town = Town::at(-60, |_| ());
    let instance = town.instance().await;
    let accepted = {
        let instance = std::sync::Arc::clone(&instance);
        tokio::spawn(async move { join_many(&instance, 50).await })
    };
    while instance.view(ROOM).is_ok() && !accepted.is_finished() {
        tokio::task::yield_now().await;
    }
    instance.shut_down().await;
    assert_eq!(accepted.await.expect("answered").len(), 50);
    let refused = instance.join(ROOM, None, speyer(), None).await;
    assert_eq!(refused.expect_err("refused"), RoomError::Unavailable);
}
