//! What remains when the store goes back to an older state: a lagging replica promoted, a backup restored.

use waiting_room::Rooms;
use waiting_room::memory::Frozen;
use waiting_room::service::JoinRequest;
use waiting_room::service::outcome::{Answer, RoomError};
use waiting_room::view::Standing;

use crate::harness::{ROOM, Town, join, join_many, place, poll, try_join};

/// A room whose backup is from a second before the draw, with the places that were told and the boundary.
struct Drawn {
    town: Town,
    backup: Rooms,
    tickets: Vec<Answer>,
    places: Vec<u64>,
    boundary: Frozen,
}

impl Drawn {
    async fn new() -> Self {
        let town = Town::at(-60, |settings| settings.gate.max_active = 8).await;
        let instance = town.instance().await;
        let mut tickets = join_many(&instance, 30).await;
        town.pass_s(59);
        instance.renew().await;
        let backup = town.store.store.back_up();
        tickets.extend(join_many(&instance, 10).await);
        town.pass_s(1);
        instance.renew().await;
        tickets.extend(join_many(&instance, 5).await);
        let places = tickets.iter_mut().map(|answer| place(&instance, answer)).collect();
        let boundary = town.truth().await.expect("known").memory.frozen[&1];
        assert_eq!(boundary.entries.total(), 40);
        Self { town, backup, tickets, places, boundary }
    }

    /// The first freeze counts, every place that was told stays, and no entry is issued twice.
    async fn check(mut self, instance: &std::sync::Arc<waiting_room::WaitingRoom>) {
        self.town.pass_renewing(60, instance).await;
        let truth = self.town.truth().await.expect("known").memory;
        assert_eq!(truth.frozen[&1], self.boundary);
        for (answer, told) in self.tickets.iter_mut().zip(&self.places) {
            assert_eq!(place(instance, answer), *told);
        }
        let next = join(instance).await;
        assert_eq!(next.entry, 45);
        let is_issued = |answer: &Answer| (answer.epoch, answer.entry) == (next.epoch, next.entry);
        assert!(!self.tickets.iter().any(is_issued));
    }
}

/// P8, P12: an instance that lives sees on its next trip that the store knows less.
#[tokio::test]
async fn older_data_is_told_by_the_digest() {
    let drawn = Drawn::new().await;
    let instance = drawn.town.instance().await;
    let epoch = drawn.town.truth().await.expect("known").memory.epoch;
    drawn.town.store.store.restore(drawn.backup.clone());
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert!(matches!(refused, Err(RoomError::Quiet { .. })), "{refused:?}");
    assert!(drawn.town.truth().await.expect("known").memory.epoch > epoch);
    drawn.check(&instance).await;
}

/// P8, P12: where no instance remembers, a ticket tells.
#[tokio::test]
async fn older_data_is_told_by_a_ticket() {
    let mut drawn = Drawn::new().await;
    drawn.town.store.store.restore(drawn.backup.clone());
    drawn.town.pass_s(1);
    let instance = drawn.town.instance().await;
    // The last of those who were drawn, and the last of all.
    for number in [39, 44] {
        poll(&instance, &mut drawn.tickets[number]);
    }
    instance.renew().await;
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert!(matches!(refused, Err(RoomError::Quiet { .. })), "{refused:?}");
    drawn.check(&instance).await;
}

/// P8, P12: where nobody remembers and nobody has come yet, the room was left alone for a while. It goes on
/// under the next epoch, and listens before it draws.
#[tokio::test]
async fn older_data_is_told_by_the_first_reading() {
    let mut drawn = Drawn::new().await;
    let epoch = drawn.town.truth().await.expect("known").memory.epoch;
    drawn.town.store.store.restore(drawn.backup.clone());
    drawn.town.pass_s(20);
    let instance = drawn.town.instance().await;
    instance.renew().await;
    let memory = drawn.town.truth().await.expect("known").memory;
    assert!(memory.epoch > epoch);
    assert!(!memory.frozen.contains_key(&1), "perhaps it was drawn: first it listens");
    let refused = try_join(&instance, JoinRequest::default()).await;
    assert!(matches!(refused, Err(RoomError::Quiet { .. })), "{refused:?}");
    assert!(matches!(
        instance.ask(ROOM, &drawn.tickets[0].ticket).expect("valid").standing,
        Standing::Waiting { .. } | Standing::Called { .. }
    ));
    poll(&instance, &mut drawn.tickets[44]);
    drawn.check(&instance).await;
}

/// P12: a freeze that was done a second time, since nobody remembered the first in time, gives way to it.
#[tokio::test]
async fn the_first_freeze_counts_even_if_it_is_told_late() {
    let mut drawn = Drawn::new().await;
    drawn.town.store.store.restore(drawn.backup.clone());
    drawn.town.pass_s(1);
    let instance = drawn.town.instance().await;
    instance.renew().await;
    let again = drawn.town.truth().await.expect("known").memory.frozen[&1];
    assert!(again.at > drawn.boundary.at && again.entries.total() == 30);
    for number in [39, 44] {
        poll(&instance, &mut drawn.tickets[number]);
    }
    drawn.check(&instance).await;
}
