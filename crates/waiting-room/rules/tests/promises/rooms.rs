//! Which rooms an instance serves, and which tickets are of them.

use std::sync::Arc;

use waiting_room::contract::{by, created, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::service::outcome::RoomError;
use waiting_room::settings::Opening;
use waiting_room::store::Created;
use waiting_room::{RoomId, RoomSettings, RoomStore, WaitingRoom};

use crate::harness::{ROOM, Town, join, join_many};

/// P20: a room of a newer version, or of another draw key, is refused alone; the others are served.
#[tokio::test]
async fn a_room_that_cannot_be_served_is_refused_alone() {
    let town = Town::at(-60, |_| ()).await;
    let newer = RoomSettings { format: RoomSettings::FORMAT + 1, ..room_settings("a-newer-one") };
    let mut foreign = room_settings("foreign");
    for (index, opening) in foreign.openings.iter_mut().enumerate() {
        let (gathers_from, opens_at) = (opening.gathers_from, opening.opens_at);
        let key = DrawKey::new(&[9; 32]);
        *opening = Opening::committed(&key, (&foreign.room, 1), index, gathers_from, opens_at);
    }
    for settings in [&newer, &foreign] {
        town.store.create(settings, &created(settings)).await.expect("created");
    }
    let instance = town.instance().await;
    assert_eq!(join(&instance).await.entry, 0);
    let rooms: Vec<RoomId> =
        [&newer, &foreign, &town.settings].map(|settings| settings.room.clone()).into();
    assert_eq!(instance.missing(&rooms), [&rooms[0], &rooms[1]]);
    let conflict = instance.key_conflict().expect("its draw key is not that of all rooms");
    assert!(conflict.contains("foreign") && conflict.contains("draw key"), "{conflict}");
    assert!(instance.has_seen_all_rooms());
}

fn second_line(settings: &RoomSettings) -> RoomSettings {
    let key = DrawKey::new(&[1; 32]);
    let openings = settings.openings.iter().enumerate().map(|(index, opening)| {
        let Opening { gathers_from, opens_at, .. } = *opening;
        Opening::committed(&key, (&settings.room, 2), index, gathers_from, opens_at)
    });
    RoomSettings { incarnation: 2, openings: openings.collect(), ..settings.clone() }
}

async fn entered(town: &Town) -> u64 {
    town.truth().await.expect("known").memory.entered.total()
}

/// P12: after a rehearsal its tickets are worth nothing, and raise nothing.
#[tokio::test]
async fn a_ticket_of_another_line_is_invalid_and_raises_nothing() {
    let town = Town::at(-60, |_| ()).await;
    let (one, two) = (town.instance().await, town.instance().await);
    let rehearsal = join_many(&one, 50).await;
    let created = one.create(&second_line(&town.settings), &by()).await.expect("applied");
    assert_eq!(created, Created::Replaced);
    let refuses = |instance: &Arc<WaitingRoom>| {
        let asked = instance.ask(ROOM, &rehearsal[49].ticket);
        assert_eq!(asked.expect_err("refused"), RoomError::TicketInvalid);
    };
    refuses(&one);
    // The other instance learns it from the store.
    two.renew().await;
    two.discover().await.expect("the store answers");
    refuses(&two);
    for instance in [&one, &two] {
        instance.renew().await;
    }
    assert_eq!(entered(&town).await, 0);
    assert_eq!(join(&two).await.entry, 0);
}

/// A room that was removed is closed by every instance, and none brings it back.
#[tokio::test]
async fn a_removed_room_is_closed_everywhere() {
    let town = Town::at(-60, |_| ()).await;
    let (one, two) = (town.instance().await, town.instance().await);
    let ticket = join(&one).await.ticket;
    assert!(town.store.remove(&town.settings.room, &by().removed()).await.expect("removed"));
    for instance in [&one, &two] {
        instance.renew().await;
        instance.discover().await.expect("the store answers");
        assert_eq!(instance.ask(ROOM, &ticket).expect_err("gone"), RoomError::UnknownRoom);
    }
    assert_eq!(town.store.list(None, 9).await.expect("list"), []);
    assert_eq!(town.apply().await, Created::Outdated);
}
