//! A ticket gets to another device by a code.

use waiting_room::service::outcome::RoomError;

use crate::harness::{ROOM, Town, join, poll};

/// Whichever instance the other device comes to: its code opens there, once at all of them.
#[tokio::test]
async fn any_instance_opens_what_another_has_kept() {
    let town = Town::at(10, |_| ()).await;
    let (one, other) = (town.instance().await, town.instance().await);
    let answer = join(&one).await;
    let issued = one.make_resume_code(ROOM, &answer.ticket).await.expect("a code");
    let resumed = other.resume(ROOM, &issued.code).await.expect("an answer");
    assert_eq!(resumed, Some(answer.ticket));
    for instance in [&one, &other] {
        assert_eq!(instance.resume(ROOM, &issued.code).await, Ok(None));
    }
}

/// P12: what keeps the code may be lost, and the place is not: the first device makes another code.
#[tokio::test]
async fn a_lost_code_costs_another_code() {
    let town = Town::at(10, |_| ()).await;
    let instance = town.instance().await;
    let mut answer = join(&instance).await;
    let lost = instance.make_resume_code(ROOM, &answer.ticket).await.expect("a code");
    town.store.store.forget();
    assert_eq!(instance.resume(ROOM, &lost.code).await, Ok(None));
    let again = instance.make_resume_code(ROOM, &answer.ticket).await.expect("a code");
    let resumed = instance.resume(ROOM, &again.code).await.expect("an answer");
    assert_eq!(resumed.as_deref(), Some(answer.ticket.as_str()));
    poll(&instance, &mut answer);
}

/// Who waits loses nothing while the store is away; a code cannot be had then.
#[tokio::test]
async fn without_the_store_there_is_no_code() {
    let town = Town::at(10, |_| ()).await;
    let instance = town.instance().await;
    let mut answer = join(&instance).await;
    let issued = instance.make_resume_code(ROOM, &answer.ticket).await.expect("a code");
    town.store.set_down(true);
    let made = instance.make_resume_code(ROOM, &answer.ticket).await;
    assert_eq!(made, Err(RoomError::Unavailable));
    let resumed = instance.resume(ROOM, &issued.code).await;
    assert_eq!(resumed, Err(RoomError::Unavailable));
    poll(&instance, &mut answer);
    town.store.set_down(false);
    assert!(instance.resume(ROOM, &issued.code).await.expect("an answer").is_some());
}
