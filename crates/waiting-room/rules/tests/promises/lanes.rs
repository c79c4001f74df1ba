//! Lanes: with a priority code, and over the telephone.

use std::sync::Arc;

use pass::IdentityKind;
use waiting_room::WaitingRoom;
use waiting_room::contract::by;
use waiting_room::draw::DrawKey;
use waiting_room::lane::{Lane, PerLane};
use waiting_room::live::LiveChange;
use waiting_room::service::operator::{
    IssueOutcome, IssuedCodes, Revoke, RevokeOutcome, issue_codes, revoke_codes,
};
use waiting_room::service::outcome::{Answer, CodeRefusal, JoinOutcome, RoomError};
use waiting_room::service::{GivenIdentity, JoinRequest, Way};
use waiting_room::view::Standing;

use crate::harness::{ROOM, Town, join, join_as, join_many, person, place, poll, redeem, try_join};

fn draw_key() -> DrawKey {
    DrawKey::new(&[1; 32])
}

async fn share(town: &Town, shares: [u32; 3]) {
    town.set(LiveChange { shares: Some(PerLane(shares)), ..LiveChange::default() }).await;
}

async fn try_issue(town: &Town, key: &DrawKey, count: u32) -> IssueOutcome {
    issue_codes(&*town.store, key, &town.settings.room, count, &by()).await.expect("issue")
}

async fn issue(town: &Town, count: u32) -> IssuedCodes {
    match try_issue(town, &draw_key(), count).await {
        IssueOutcome::Issued(issued) => issued,
        other => panic!("expected codes, got {other:?}"),
    }
}

async fn revoke(town: &Town, revoke: Revoke<'_>) -> RevokeOutcome {
    revoke_codes(&*town.store, &draw_key(), &town.settings.room, revoke, &by())
        .await
        .expect("revoke")
}

fn with(code: &str) -> JoinRequest<'_> {
    JoinRequest { code: Some(code), ..JoinRequest::default() }
}

fn refused(joined: &Result<JoinOutcome, RoomError>) -> Option<CodeRefusal> {
    match joined {
        Ok(JoinOutcome::CodeRefused(why)) => Some(*why),
        Ok(_) | Err(_) => None,
    }
}

async fn entered(instance: &WaitingRoom) -> PerLane<u64> {
    instance.renew().await;
    instance.view(ROOM).expect("the room").state.memory.entered
}

async fn pause(town: &Town, paused: bool) {
    town.set(LiveChange { paused: Some(paused), ..LiveChange::default() }).await;
}

/// A paused town in which people wait in the public line, with a share for those who have a code.
async fn crowded() -> (Town, Arc<WaitingRoom>) {
    let (town, instance) = paused().await;
    join_many(&instance, 40).await;
    (town, instance)
}

async fn paused() -> (Town, Arc<WaitingRoom>) {
    let town = Town::at(60, |_| ()).await;
    let instance = town.instance().await;
    pause(&town, true).await;
    share(&town, [80, 0, 20]).await;
    instance.renew().await;
    (town, instance)
}

#[tokio::test]
async fn a_code_leads_past_those_who_came_before() {
    let (town, instance) = crowded().await;
    let issued = issue(&town, 2).await;
    let mut late = join(&instance).await;
    let mut invited = join_as(&instance, with(&issued.codes[1])).await;
    assert_eq!((invited.entry, entered(&instance).await[Lane::Priority]), (0, 1));
    pause(&town, false).await;
    town.pass_renewing(2, &instance).await;
    assert!(matches!(poll(&instance, &mut invited), Standing::Called { place: 0 }));
    assert!(matches!(poll(&instance, &mut late), Standing::Waiting { .. }));
    assert!(redeem(&instance, &invited).await.is_some());
}

#[tokio::test]
async fn a_code_is_good_for_one_entry_and_what_is_none_costs_nothing() {
    let (town, instance) = crowded().await;
    let issued = issue(&town, 3).await;
    let [first, second, _] = &issued.codes[..] else { panic!("three codes") };
    join_as(&instance, with(first)).await;
    assert_eq!(refused(&try_join(&instance, with(first)).await), Some(CodeRefusal::Used));
    for none in ["", "67346", &first[..18], &first.replace('0', "1")] {
        let joined = try_join(&instance, with(none)).await;
        assert_eq!(refused(&joined), Some(CodeRefusal::Invalid), "{none}");
    }
    // Whoever may not join yet, or shows a ticket, keeps the code.
    let invited = JoinRequest { code: Some(second), ..JoinRequest::default() };
    let elsewhere = Some(("99999".parse().expect("postcode"), None));
    let turned_away = instance.join(ROOM, elsewhere, invited).await;
    assert!(matches!(turned_away, Ok(JoinOutcome::NotEligible(_))), "{turned_away:?}");
    let public = join(&instance).await;
    let with_ticket = JoinRequest { ticket: Some(&public.ticket), ..invited };
    let known = try_join(&instance, with_ticket).await;
    assert!(matches!(known, Ok(JoinOutcome::Known(_))), "{known:?}");
    assert_eq!(entered(&instance).await, PerLane([41, 0, 1]));
    join_as(&instance, invited).await;
}

/// Fault: the same code at the same moment, in two instances and many times in one batch.
#[tokio::test]
async fn of_many_who_come_with_one_code_at_once_one_gets_in() {
    let (town, one) = crowded().await;
    let two = town.instance().await;
    let code = issue(&town, 1).await.codes.remove(0);
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let instance = Arc::clone(if number % 2 == 0 { &one } else { &two });
            let code = code.clone();
            tokio::spawn(async move { try_join(&instance, with(&code)).await })
        })
        .collect();
    let (mut new, mut used) = (0, 0);
    for task in tasks {
        let joined = task.await.expect("joined");
        new += u32::from(matches!(joined, Ok(JoinOutcome::New(_))));
        used += u32::from(refused(&joined) == Some(CodeRefusal::Used));
    }
    assert_eq!((new, used), (1, 39));
    assert_eq!(town.truth().await.expect("the room").memory.entered[Lane::Priority], 1);
}

/// P3: an answer that was lost costs a repetition, not the code.
#[tokio::test]
async fn a_join_with_a_code_is_repeated_under_its_key() {
    let (town, instance) = crowded().await;
    let issued = issue(&town, 2).await;
    let request = JoinRequest { key: Some("a-key-of-my-own"), ..with(&issued.codes[0]) };
    let first = join_as(&instance, request).await;
    let again = join_as(&instance, request).await;
    assert_eq!((first.entry, &first.ticket), (again.entry, &again.ticket));
    let other = JoinRequest { code: Some(&issued.codes[1]), ..request };
    let reused = try_join(&instance, other).await;
    assert!(matches!(reused, Ok(JoinOutcome::KeyReused)), "{reused:?}");
    join_as(&instance, with(&issued.codes[1])).await;
}

/// P9, P17: a store that forgets which codes were used gives nobody a second lot or a second pass.
#[tokio::test]
async fn a_code_whose_use_was_forgotten_is_worth_no_second_lot() {
    let (town, instance) = paused().await;
    let code = issue(&town, 1).await.codes.remove(0);
    let first = join_as(&instance, with(&code)).await;
    pause(&town, false).await;
    town.pass_renewing(2, &instance).await;
    let pass = redeem(&instance, &first).await.expect("a pass");
    town.store.store.forget();
    town.pass_renewing(3, &instance).await;
    let again = join_as(&instance, with(&code)).await;
    assert_ne!(first.entry, again.entry);
    assert_eq!(first.subject, again.subject);
    town.pass_renewing(2, &instance).await;
    let same = redeem(&instance, &again).await.expect("the same pass");
    assert_eq!(town.pass_id(&pass), town.pass_id(&same));
}

/// A revoked code lets nobody in, also in an instance that has not heard of it yet.
#[tokio::test]
async fn what_is_revoked_is_refused_at_once_everywhere() {
    let (town, instance) = crowded().await;
    let (first, second) = (issue(&town, 3).await, issue(&town, 2).await);
    instance.renew().await;
    assert_eq!(revoke(&town, Revoke::Batch(first.batch)).await, RevokeOutcome::Revoked);
    let joins = first.codes.iter().chain(&second.codes[..1]);
    let joins = joins.map(|code| try_join(&instance, with(code)));
    let joined = futures_util::future::join_all(joins).await;
    let refusals: Vec<_> = joined.iter().map(refused).collect();
    let revoked = Some(CodeRefusal::Revoked);
    assert_eq!(refusals, [revoked, revoked, revoked, None]);
    assert!(matches!(joined[3], Ok(JoinOutcome::New(_))), "{:?}", joined[3]);

    let code = second.codes[1].as_str();
    assert_eq!(revoke(&town, Revoke::Code(code)).await, RevokeOutcome::Revoked);
    assert_eq!(revoke(&town, Revoke::Code(code)).await, RevokeOutcome::Unchanged);
    assert_eq!(refused(&try_join(&instance, with(code)).await), revoked);
    assert_eq!(revoke(&town, Revoke::Code("67346")).await, RevokeOutcome::UnknownCode);
    let unknown = RevokeOutcome::UnknownBatch { issued: 2 };
    assert_eq!(revoke(&town, Revoke::Batch(2)).await, unknown);
}

/// A store that forgets everything is told which codes there are and which are revoked.
#[tokio::test]
async fn the_next_codes_are_others_although_the_store_has_forgotten() {
    let (town, instance) = crowded().await;
    let first = issue(&town, 3).await;
    revoke(&town, Revoke::Code(&first.codes[2])).await;
    instance.renew().await;
    town.store.store.forget();
    town.pass_renewing(3, &instance).await;
    let second = issue(&town, 2).await;
    assert_eq!(second.batch, 1);
    assert!(second.codes.iter().all(|code| !first.codes.contains(code)));
    let joined = try_join(&instance, with(&first.codes[2])).await;
    assert_eq!(refused(&joined), Some(CodeRefusal::Revoked));
    join_as(&instance, with(&first.codes[1])).await;
}

#[tokio::test]
async fn codes_are_issued_where_they_are_worth_something() {
    let town = Town::at(60, |_| ()).await;
    assert_eq!(try_issue(&town, &draw_key(), 1).await, IssueOutcome::NoShare);
    share(&town, [80, 0, 20]).await;
    assert_eq!(try_issue(&town, &DrawKey::new(&[2; 32]), 1).await, IssueOutcome::OtherKey);
    for count in [0, 10_001] {
        let issued = try_issue(&town, &draw_key(), count).await;
        assert!(matches!(issued, IssueOutcome::Mistaken(_)), "{count}: {issued:?}");
    }
    assert_eq!(issue(&town, 10_000).await.codes.len(), 10_000);
}

fn phoned(identity: &GivenIdentity) -> JoinRequest<'_> {
    JoinRequest { identity: Some(identity), way: Way::Hotline, ..JoinRequest::default() }
}

/// The places of somebody who comes by telephone and by the web, once the draw was held.
async fn drawn_both_ways(shares: [u32; 3]) -> (Answer, Answer, [u64; 2], PerLane<u64>) {
    let town = Town::at(-60, |settings| settings.identity = IdentityKind::Person).await;
    let instance = town.instance().await;
    share(&town, shares).await;
    instance.renew().await;
    for number in 0..30 {
        let identity = person(number);
        let request = JoinRequest { identity: Some(&identity), ..JoinRequest::default() };
        join_as(&instance, request).await;
    }
    let caller = person(7);
    let mut phone = join_as(&instance, phoned(&caller)).await;
    let web = JoinRequest { way: Way::Web, ..phoned(&caller) };
    let mut web = join_as(&instance, web).await;
    town.pass_renewing(61, &instance).await;
    let places = [place(&instance, &mut phone), place(&instance, &mut web)];
    let entered = entered(&instance).await;
    (phone, web, places, entered)
}

/// P17: the telephone is neither better nor worse: the same lot in the same line.
#[tokio::test]
async fn a_caller_has_the_place_that_the_web_would_have_given() {
    let (phone, web, [by_phone, by_web], entered) = drawn_both_ways([100, 0, 0]).await;
    assert_eq!(phone.subject, web.subject);
    assert_eq!(by_phone, by_web);
    assert_eq!(entered, PerLane::public(32));
}

/// Only where the operator gives the hotline a share does it have a line of its own, with the same lot.
#[tokio::test]
async fn a_hotline_with_a_share_has_a_line_of_its_own() {
    let (phone, web, [by_phone, _], entered) = drawn_both_ways([90, 10, 0]).await;
    assert_eq!(phone.subject, web.subject);
    assert_eq!((by_phone, entered), (0, PerLane([31, 1, 0])));
}

/// A code goes before the way: a caller who has one stands with the others who do.
#[tokio::test]
async fn a_caller_may_have_a_code() {
    let (town, instance) = crowded().await;
    share(&town, [70, 10, 20]).await;
    let code = issue(&town, 1).await.codes.remove(0);
    instance.renew().await;
    join_as(&instance, JoinRequest { way: Way::Hotline, ..with(&code) }).await;
    let caller = JoinRequest { way: Way::Hotline, ..JoinRequest::default() };
    join_as(&instance, caller).await;
    assert_eq!(entered(&instance).await, PerLane([40, 1, 1]));
}
