//! The renewal of the views, while the store treats one room badly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Timestamp;
use pass::PassId;
use waiting_room::audit::{Deed, Record, Wanted};
use waiting_room::contract::{SwitchedStore, created, room_settings};
use waiting_room::memory::Memory;
use waiting_room::memory::digest::Digest;
use waiting_room::notice::Notices;
use waiting_room::resume::{KeptTicket, ResumeName};
use waiting_room::state::BookingReport;
use waiting_room::store::{
    Arrivals, Ask, Call, Created, Freeze, JoinReply, Reading, Redeemed, Redemption, Result, SetLive,
};
use waiting_room::{RoomId, RoomSettings, RoomStore, WaitingRoom};

use crate::harness::{ROOM, Town, after, join};

/// A store that never answers to freezing a boundary of the room `slow`, and panics at one of the room `bad`; and that
/// panics at some readings.
struct Nasty {
    store: Arc<SwitchedStore>,
    panics_left: AtomicU32,
}

#[async_trait]
impl RoomStore for Nasty {
    async fn create(&self, settings: &RoomSettings, deed: &Deed) -> Result<Created> {
        self.store.create(settings, deed).await
    }

    async fn list(&self, after: Option<&RoomId>, limit: usize) -> Result<Vec<RoomId>> {
        self.store.list(after, limit).await
    }

    async fn settings(&self, room: &RoomId) -> Result<Option<RoomSettings>> {
        self.store.settings(room).await
    }

    async fn read(&self, asks: &[Ask]) -> Result<Vec<Result<Reading>>> {
        let one_less = |left: u32| left.checked_sub(1);
        let panics = self.panics_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        assert!(panics.is_err(), "a reading that panics");
        self.store.read(asks).await
    }

    async fn merge(
        &self,
        settings: &RoomSettings,
        memory: &Memory,
        quiet: Duration,
    ) -> Result<Reading> {
        self.store.merge(settings, memory, quiet).await
    }

    async fn join(&self, room: &RoomId, digest: &Digest, arrivals: &Arrivals) -> Result<JoinReply> {
        self.store.join(room, digest, arrivals).await
    }

    async fn freeze(&self, room: &RoomId, digest: &Digest, freeze: Freeze) -> Result<()> {
        assert_ne!(room.as_str(), "bad", "a freeze that panics");
        if room.as_str() == "slow" {
            std::future::pending::<()>().await;
        }
        self.store.freeze(room, digest, freeze).await
    }

    async fn call(&self, room: &RoomId, digest: &Digest, call: &Call) -> Result<bool> {
        self.store.call(room, digest, call).await
    }

    async fn redeem(
        &self,
        room: &RoomId,
        digest: &Digest,
        redemptions: &[Redemption],
    ) -> Result<Vec<Redeemed>> {
        self.store.redeem(room, digest, redemptions).await
    }

    async fn end_passes(&self, room: &RoomId, digest: &Digest, pass_ids: &[PassId]) -> Result<()> {
        self.store.end_passes(room, digest, pass_ids).await
    }

    async fn pass_ends(
        &self,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<Vec<Option<Timestamp>>> {
        self.store.pass_ends(room, digest, pass_ids).await
    }

    async fn keep_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        kept: &[KeptTicket],
    ) -> Result<Vec<bool>> {
        self.store.keep_tickets(room, digest, kept).await
    }

    async fn take_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        names: &[ResumeName],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        self.store.take_tickets(room, digest, names).await
    }

    async fn report(&self, room: &RoomId, digest: &Digest, report: &BookingReport) -> Result<()> {
        self.store.report(room, digest, report).await
    }

    async fn set_live(&self, room: &RoomId, digest: &Digest, set: &SetLive) -> Result<bool> {
        self.store.set_live(room, digest, set).await
    }

    async fn notices(&self, room: &RoomId) -> Result<Option<Notices>> {
        self.store.notices(room).await
    }

    async fn set_notices(&self, room: &RoomId, digest: &Digest, notices: &Notices) -> Result<bool> {
        self.store.set_notices(room, digest, notices).await
    }

    async fn supply_entropy(
        &self,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
        deed: &Deed,
    ) -> Result<bool> {
        self.store.supply_entropy(room, digest, opening, entropy, deed).await
    }

    async fn remove(&self, room: &RoomId, deed: &Deed) -> Result<bool> {
        self.store.remove(room, deed).await
    }

    async fn audit(&self, room: &RoomId, wanted: Wanted, limit: usize) -> Result<Vec<Record>> {
        self.store.audit(room, wanted, limit).await
    }

    async fn ready(&self) -> Result<()> {
        self.store.ready().await
    }
}

/// An instance that renews every few milliseconds by itself, on a store that is [`Nasty`] to the rooms `bad` and
/// `slow`, whose first boundary is due with that of the town.
async fn renewing(town: &Town) -> (Arc<WaitingRoom>, Arc<Nasty>, tokio::task::JoinHandle<()>) {
    let store = Arc::new(Nasty { store: Arc::clone(&town.store), panics_left: AtomicU32::new(0) });
    for room in ["bad", "slow"] {
        let settings = room_settings(room);
        town.store.create(&settings, &created(&settings)).await.expect("created");
    }
    let shared = Arc::clone(&store) as Arc<dyn RoomStore>;
    let instance = town
        .instance_with(|parts| {
            parts.store = shared;
            parts.limits.renew_every = Duration::from_millis(5);
        })
        .await;
    let task = tokio::spawn(Arc::clone(&instance).keep_renewing());
    (instance, store, task)
}

/// Waits until the town's view was renewed so often.
async fn renewed(instance: &WaitingRoom, times: u64) {
    let generation = || instance.view(ROOM).expect("room").generation;
    let wanted = generation() + times;
    let mut looks = tokio::time::interval(Duration::from_millis(1));
    let looking = async {
        while generation() < wanted {
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("views are renewed");
}

/// P20: a room whose trip to the store never ends, and one whose renewal panics, keep no other from its turn.
#[tokio::test]
async fn a_slow_room_and_a_panicking_one_delay_no_other() {
    let town = Town::at(-5_000, |_| ()).await;
    let (instance, _, task) = renewing(&town).await;
    renewed(&instance, 2).await;
    town.clock.set(after(-3_600));
    renewed(&instance, 40).await;
    let truth = town.truth().await.expect("known");
    assert_eq!(truth.memory.frozen.len(), 1, "the town's own boundary was frozen");
    assert_eq!(join(&instance).await.entry, 0);
    assert!(!task.is_finished());
    task.abort();
}

/// P20: a renewal that panics as a whole begins again.
#[tokio::test]
async fn the_renewal_survives_its_own_panic() {
    let town = Town::at(-60, |_| ()).await;
    let (instance, store, task) = renewing(&town).await;
    renewed(&instance, 2).await;
    store.panics_left.store(3, Ordering::SeqCst);
    let still_to_come = || store.panics_left.load(Ordering::SeqCst);
    let mut looks = tokio::time::interval(Duration::from_millis(1));
    while still_to_come() > 0 {
        looks.tick().await;
    }
    renewed(&instance, 3).await;
    assert!(!task.is_finished());
    task.abort();
}
