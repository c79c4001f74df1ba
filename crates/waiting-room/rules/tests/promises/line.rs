//! Who stands where, and who gets a pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::Municipality;
use pass::IdentityKind;
use waiting_room::draw::{lot, place_in, seed};
use waiting_room::service::JoinRequest;
use waiting_room::service::outcome::{JoinOutcome, LeaveOutcome, RedeemOutcome, RoomError};
use waiting_room::view::{Phase, Standing};

use crate::harness::{
    ROOM, Town, join, join_as, join_many, person, place, poll, redeem, speyer, try_join,
};

/// P8, across instances.
#[tokio::test]
async fn no_entry_is_issued_twice() {
    let town = Town::at(-60, |_| ()).await;
    let (one, two) = (town.instance().await, town.instance().await);
    let (first, second) = tokio::join!(join_many(&one, 700), join_many(&two, 700));
    let entries: BTreeSet<u64> = first.iter().chain(&second).map(|answer| answer.entry).collect();
    assert_eq!(entries, (0..1_400).collect::<BTreeSet<u64>>());
}

#[tokio::test]
async fn the_draw_can_be_recomputed_from_what_is_published() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let commitment = instance.view(ROOM).expect("room").settings.openings[0].commitment;
    let mut gathered = join_many(&instance, 40).await;
    assert!(gathered.iter().all(|answer| matches!(answer.standing, Standing::Gathering { .. })));
    town.pass_s(60);
    let mut late = join(&instance).await;
    let view = instance.view(ROOM).expect("room");
    let [draw] = view.line.draws() else { panic!("one draw, got {:?}", view.line.draws()) };
    assert_eq!(draw.entries(), 40, "who came after the opening is not in it");
    assert_eq!(draw.secret.commitment(), commitment);
    let seed = seed(&view.settings.room, 1, 0, draw.entries(), &draw.secret, b"");
    for answer in &mut gathered {
        let expected = place_in(0, 40, lot(&seed, answer.subject.as_bytes()));
        assert_eq!(place(&instance, answer), expected);
    }
    assert_eq!((late.entry, place(&instance, &mut late)), (40, 40));
}

#[tokio::test]
async fn who_presents_a_ticket_keeps_the_entry() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let first = join(&instance).await;
    let with = |ticket| JoinRequest { ticket: Some(ticket), ..JoinRequest::default() };
    let again = try_join(&instance, with(&first.ticket)).await;
    assert!(
        matches!(&again, Ok(JoinOutcome::Known(answer)) if answer.entry == first.entry && answer.ticket == first.ticket),
        "{again:?}"
    );
    let forged = try_join(&instance, with("AAAA")).await;
    assert_eq!(forged.expect_err("refused"), RoomError::TicketInvalid);
}

/// P3: a join whose reply was lost is repeated, and gives the same entry; asked for something else under the
/// same key, it is refused.
#[tokio::test]
async fn a_join_can_be_repeated_under_its_key() {
    let town = Town::at(-60, |settings| {
        let row = |postcode: &str, ags: &str, name: &str| Municipality {
            postcode: postcode.parse().expect("postcode"),
            ags: ags.parse().expect("ags"),
            name: name.into(),
            eligible: true,
        };
        settings.residence = kernel::ResidenceTable::new(vec![
            row("67346", "07318000", "Speyer"),
            row("67354", "07338023", "Römerberg"),
        ]);
    })
    .await;
    let (one, two) = (town.instance().await, town.instance().await);
    let request = JoinRequest { key: Some("a-key-of-my-own"), ..JoinRequest::default() };
    let first = join_as(&one, request).await;
    join(&one).await;
    town.pass_s(30);
    let again = join_as(&two, request).await;
    assert_eq!((again.entry, &again.ticket), (first.entry, &first.ticket));
    let elsewhere = ("67354".parse().expect("postcode"), None);
    let other = two.join(ROOM, Some(elsewhere), request).await;
    assert!(matches!(other, Ok(JoinOutcome::KeyReused)), "{other:?}");
    let truth = town.truth().await.expect("known");
    assert_eq!(truth.memory.entered.total(), 2);
    assert_ne!(join(&one).await.ticket, first.ticket);
}

#[tokio::test]
async fn who_cannot_book_takes_no_place() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let none = JoinRequest::default();
    let elsewhere =
        instance.join(ROOM, Some(("80331".parse().expect("postcode"), None)), none).await;
    assert!(matches!(elsewhere, Ok(JoinOutcome::NotEligible(None))), "{elsewhere:?}");
    let wrong = instance.join(ROOM, Some((speyer(), "01000001".parse().ok())), none).await;
    assert!(matches!(wrong, Ok(JoinOutcome::MunicipalityMismatch)), "{wrong:?}");
    assert_eq!(join(&instance).await.entry, 0);
}

/// A room that asks for identity lets nobody in without, and nobody in with what cannot be right.
#[tokio::test]
async fn a_room_that_asks_for_identity_takes_nobody_without() {
    let town = Town::at(-60, |settings| settings.identity = IdentityKind::Person).await;
    let instance = town.instance().await;
    let without = try_join(&instance, JoinRequest::default()).await;
    assert!(
        matches!(without, Ok(JoinOutcome::IdentityRequired(IdentityKind::Person))),
        "{without:?}"
    );
    let unborn = waiting_room::service::GivenIdentity::Person {
        given_name: "…".into(),
        family_name: "Muster".into(),
        date_of_birth: "2031-02-03".into(),
    };
    let request = JoinRequest { identity: Some(&unborn), ..JoinRequest::default() };
    let refused = try_join(&instance, request).await;
    assert!(
        matches!(&refused, Ok(JoinOutcome::IdentityMistaken(mistakes)) if mistakes.len() == 2),
        "{refused:?}"
    );
    let somebody = person(1);
    let request = JoinRequest { identity: Some(&somebody), ..JoinRequest::default() };
    assert_eq!(join_as(&instance, request).await.entry, 0);
}

#[tokio::test]
async fn nobody_joins_before_the_gathering() {
    let town = Town::at(-4_000, |_| ()).await;
    let instance = town.instance().await;
    let early = try_join(&instance, JoinRequest::default()).await;
    let gathers_from = town.settings.first_gathering();
    assert!(
        matches!(early, Ok(JoinOutcome::NotOpenYet { gathers_from: at }) if at == gathers_from),
        "{early:?}"
    );
}

/// After the end nobody is told that their place in line is safe.
#[tokio::test]
async fn everybody_learns_that_the_room_is_closed() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let mut answers = join_many(&instance, 20).await;
    town.pass_renewing(61, &instance).await;
    town.clock.set(town.settings.closes_at);
    let late = try_join(&instance, JoinRequest::default()).await;
    assert!(matches!(late, Ok(JoinOutcome::Closed)), "{late:?}");
    instance.renew().await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Closed);
    for answer in &mut answers {
        assert_eq!(poll(&instance, answer), Standing::Closed);
        let redeemed = instance.redeem(ROOM, &answer.ticket).await;
        assert_eq!(redeemed, Ok(RedeemOutcome::Closed));
    }
}

/// When nobody waits, joining answers with a pass.
#[tokio::test]
async fn an_idle_room_gives_the_pass_at_once() {
    let town = Town::at(10, |_| ()).await;
    let instance = town.instance().await;
    assert_eq!(instance.view(ROOM).expect("room").phase, Phase::Open);
    let answer = join(&instance).await;
    let pass = answer.pass.clone().expect("a pass");
    let claims = town.claims(&pass);
    assert_eq!((claims.ags.to_string().as_str(), claims.seats), ("07318000", 4));
    assert_eq!(claims.binding, None, "the room asks for no identity");
    assert_eq!(redeem(&instance, &answer).await, Some(pass), "redeeming repeats the answer");
    // Five are allowed at once: the sixth waits.
    let others = join_many(&instance, 5).await;
    assert_eq!(others.iter().filter(|answer| answer.pass.is_some()).count(), 4);
}

/// P9: the same ticket gives the same pass, on any instance, until it expires; then never again.
#[tokio::test]
async fn a_ticket_is_redeemed_for_one_pass() {
    let town = Town::at(-1, |_| ()).await;
    let (one, two) = (town.instance().await, town.instance().await);
    let answer = join(&one).await;
    assert_eq!(redeem(&one, &answer).await, None, "not called");
    town.pass_s(1);
    let early = one.redeem(ROOM, &answer.ticket).await;
    assert!(matches!(early, Ok(RedeemOutcome::NotYourTurn { .. })), "{early:?}");
    for instance in [&one, &two] {
        instance.renew().await;
    }
    let pass = redeem(&one, &answer).await.expect("called");
    town.pass_s(30);
    assert_eq!(redeem(&two, &answer).await.as_ref(), Some(&pass));
    let taken = match two.redeem(ROOM, &answer.ticket).await {
        Ok(RedeemOutcome::Pass { ticket, .. }) => ticket,
        other => panic!("expected the pass, got {other:?}"),
    };
    town.pass_s(900);
    for instance in [&one, &two] {
        instance.renew().await;
        let asked = instance.ask(ROOM, &taken).expect("a valid ticket");
        assert!(matches!(asked.standing, Standing::Used { .. }), "{asked:?}");
    }
    let used = one.redeem(ROOM, &answer.ticket).await;
    assert!(matches!(used, Ok(RedeemOutcome::Used { .. })), "{used:?}");
}

/// P17: however many tickets a person takes, there is one lot, one place in the draw, and one pass.
#[tokio::test]
async fn a_thousand_tickets_of_one_person_are_worth_one() {
    let town = Town::at(-60, |settings| {
        settings.identity = IdentityKind::Person;
        settings.gate.max_active = 2_000;
        settings.gate.burst = 2_000;
        settings.gate.pace_per_minute = 60_000;
    })
    .await;
    let instance = town.instance().await;
    let take = async |number: usize| {
        let identity = person(number);
        let request = JoinRequest { identity: Some(&identity), ..JoinRequest::default() };
        join_as(&instance, request).await
    };
    let greedy: Vec<_> = {
        let joins = (0..1_000).map(|_| {
            let instance = Arc::clone(&instance);
            tokio::spawn(async move {
                let identity = person(0);
                let request = JoinRequest { identity: Some(&identity), ..JoinRequest::default() };
                join_as(&instance, request).await
            })
        });
        futures_util::future::try_join_all(joins).await.expect("joined")
    };
    let mut honest = Vec::new();
    for number in 1..=20 {
        honest.push(take(number).await);
    }
    town.pass_s(60);
    instance.renew().await;
    let mut places = BTreeSet::new();
    let mut passes = BTreeSet::new();
    for mut answer in greedy {
        places.insert(place(&instance, &mut answer));
        if let Some(pass) = redeem(&instance, &answer).await {
            let claims = town.claims(&pass);
            assert_eq!(claims.binding, Some(answer.subject), "the pass is bound to the person");
            passes.insert(claims.pass_id.to_string());
        }
    }
    assert_eq!((places.len(), passes.len()), (1, 1));
    for answer in &honest {
        assert!(redeem(&instance, answer).await.is_some());
    }
    assert_eq!(town.truth().await.expect("known").active, 21);
}

#[tokio::test]
async fn leaving_makes_room() {
    let town = Town::at(10, |settings| settings.gate.max_active = 1).await;
    let instance = town.instance().await;
    let pass = join(&instance).await.pass.expect("idle");
    let waiting = join(&instance).await;
    instance.renew().await;
    assert_eq!(redeem(&instance, &waiting).await, None);
    assert_eq!(instance.leave(ROOM, "nonsense").await, Err(RoomError::PassInvalid));
    assert_eq!(instance.leave(ROOM, &pass.pass).await, Ok(LeaveOutcome::Left));
    instance.renew().await;
    assert!(redeem(&instance, &waiting).await.is_some());
}

/// P9: where a booking API reports, a pass is given back there, since only there nothing new can begin with it.
#[tokio::test]
async fn where_bookings_are_reported_leaving_is_said_there() {
    let town = Town::at(10, |settings| settings.gate.max_active = 1).await;
    let instance = town.instance().await;
    let pass = join(&instance).await.pass.expect("idle");
    let waiting = join(&instance).await;
    instance.report(ROOM, town.counted(100)).await.expect("taken over");
    instance.renew().await;
    assert_eq!(instance.leave(ROOM, &pass.pass).await, Ok(LeaveOutcome::LeaveAtBooking));
    assert_eq!(redeem(&instance, &waiting).await, None);
    let mut report = town.counted(100);
    report.departures = vec![town.pass_id(&pass)];
    instance.report(ROOM, report).await.expect("taken over");
    instance.renew().await;
    assert!(redeem(&instance, &waiting).await.is_some());
}

/// P14: a full queue refuses at once, and says so.
#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance_with(|parts| parts.limits.joins.queue_depth_max = 100).await;
    let joins = (0..300).map(|_| {
        let instance = Arc::clone(&instance);
        tokio::spawn(async move { try_join(&instance, JoinRequest::default()).await })
    });
    let tasks: Vec<_> = joins.collect();
    let mut entered = BTreeSet::new();
    let mut refused = 0;
    for task in tasks {
        match task.await.expect("joined") {
            Ok(JoinOutcome::New(answer)) => assert!(entered.insert(answer.entry)),
            Err(RoomError::Overloaded) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((entered.len(), refused), (100, 200));
}

/// P16: what was accepted is answered; nothing is accepted afterwards.
#[tokio::test]
async fn shutting_down_answers_what_was_accepted() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    let accepted = {
        let instance = Arc::clone(&instance);
        tokio::spawn(async move { join_many(&instance, 50).await })
    };
    while instance.view(ROOM).is_ok() && !accepted.is_finished() {
        tokio::task::yield_now().await;
    }
    instance.shut_down().await;
    assert_eq!(accepted.await.expect("answered").len(), 50);
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert_eq!(refused.expect_err("refused"), RoomError::Unavailable);
}
