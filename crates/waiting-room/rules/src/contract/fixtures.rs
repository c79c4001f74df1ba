//! What the cases are made of: a small room, numbered people, and an instance's hand on the store.

use std::time::Duration;

use kernel::{Clock as _, ManualClock, Municipality, ResidenceTable, Timestamp};
use pass::{IdentityKind, PassId, Subject};

use crate::audit::{By, Deed};
use crate::draw::DrawKey;
use crate::gate::Ledger;
use crate::lane::{Lane, PerLane};
use crate::live::{LiveChange, LiveSettings};
use crate::memory::Memory;
use crate::memory::digest::Digest;
use crate::schedule::Schedule;
use crate::settings::{GateSettings, Opening, PassSettings, PollSettings, RoomId, RoomSettings};
use crate::state::RoomState;
use crate::store::{
    Arrival, Arrivals, Ask, Call, Created, Entered, Entries, Freeze, JoinReply, Reading, Redeemed,
    Redemption, RoomStore, SetLive,
};

/// The instant of the first opening of [`room_settings`].
pub const START: Timestamp = Timestamp::from_unix_s(1_623_650_400);

/// A small room with this name: it gathers for an hour, opens at [`START`], gathers again half an hour
/// later, opens again after another half an hour, and closes after a day.
///
/// Its secrets are those of the draw key `[1; 32]`.
#[must_use]
pub fn room_settings(room: &str) -> RoomSettings {
    line_settings(room, 1)
}

/// The same room in another incarnation.
pub(super) fn line_settings(room: &str, incarnation: u32) -> RoomSettings {
    let room: RoomId = room.parse().expect("tests use valid names");
    let key = DrawKey::new(&[1; 32]);
    let opening = |index: usize, gathers_s: i64, opens_s: i64| {
        Opening::committed(&key, (&room, incarnation), index, after(gathers_s), after(opens_s))
    };
    RoomSettings {
        format: RoomSettings::FORMAT,
        openings: vec![opening(0, -3_600, 0), opening(1, 1_800, 3_600)],
        room: room.clone(),
        incarnation,
        title_de: "Probe".into(),
        title_en: "Test".into(),
        public_entropy: None,
        closes_at: after(86_400),
        residence: ResidenceTable::new(vec![Municipality {
            postcode: "67346".parse().expect("postcode"),
            ags: "07318000".parse().expect("ags"),
            name: "Speyer".into(),
            eligible: true,
        }]),
        identity: IdentityKind::None,
        gate: GateSettings {
            max_active: 5,
            pace_per_minute: 60,
            burst: 10,
            min_active: 1,
            claim_window_s: 600,
            places_factor_percent: 150,
        },
        pass: PassSettings { ttl_s: 900, seats_max: 4 },
        polling: PollSettings { min_s: 2, max_s: 30 },
    }
}

/// Somebody who asks for a change, with a reason.
#[must_use]
pub fn by() -> By {
    By { who: "erika".into(), why: Some("a test – „ä“".into()) }
}

/// What somebody does who creates a room with these settings.
#[must_use]
pub fn created(settings: &RoomSettings) -> Deed {
    by().created(settings)
}

/// A pass id made of this number.
#[must_use]
pub fn pass_id(number: u64) -> PassId {
    let mut bytes = [0xab; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    PassId::from_bytes(bytes)
}

/// A subject made of this number.
#[must_use]
pub fn subject(number: u64) -> Subject {
    let mut bytes = [0xcd; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Subject::from_bytes(bytes)
}

/// So many seconds after [`START`].
pub(super) const fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

/// Somebody whose join cannot be repeated and who is not admitted on arrival.
pub(super) const SOMEBODY: Arrival = Arrival { pass_id: None, key: None, code: None };

/// So many people in the public lane, with passes numbered from `first`.
pub(super) fn with_passes(first: u64, count: u64) -> Arrivals {
    let arrival = |number| Arrival { pass_id: Some(pass_id(number)), ..SOMEBODY };
    Arrivals { lane: Lane::Public, people: (first..first + count).map(arrival).collect() }
}

/// One room in a store, and somebody who carries out operations on it.
pub(super) struct Trial<'a> {
    pub(super) store: &'a dyn RoomStore,
    pub(super) clock: &'a ManualClock,
    pub(super) settings: RoomSettings,
}

impl<'a> Trial<'a> {
    /// A room that was created before anybody could come.
    pub(super) async fn announced(store: &'a dyn RoomStore, clock: &'a ManualClock) -> Self {
        Self::of(store, clock, room_settings("contract")).await
    }

    pub(super) async fn of(
        store: &'a dyn RoomStore,
        clock: &'a ManualClock,
        settings: RoomSettings,
    ) -> Self {
        clock.set(settings.first_gathering().minus(Duration::from_secs(400)));
        let created = store.create(&settings, &created(&settings)).await;
        assert_eq!(created.expect("create"), Created::New);
        Self { store, clock, settings }
    }

    /// A room that gathers for its first opening.
    pub(super) async fn gathering(store: &'a dyn RoomStore, clock: &'a ManualClock) -> Self {
        let trial = Self::announced(store, clock).await;
        trial.freeze_at(0).await;
        trial
    }

    /// A room whose first opening nobody waited for, at [`START`].
    pub(super) async fn open(store: &'a dyn RoomStore, clock: &'a ManualClock) -> Self {
        let trial = Self::gathering(store, clock).await;
        trial.freeze_at(1).await;
        trial
    }

    pub(super) fn room(&self) -> &RoomId {
        &self.settings.room
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass_s(&self, s: u64) {
        self.clock.advance(Duration::from_secs(s));
    }

    /// The digest of somebody who knows that the room exists, and no more.
    pub(super) fn beginner(&self) -> Digest {
        Digest::of(&Memory::of_new_room(&self.settings))
    }

    pub(super) fn ask(&self, digest: Option<Digest>) -> Ask {
        crate::service::room::ask(&self.settings, digest)
    }

    /// What a newcomer reads.
    pub(super) async fn first_reading(&self) -> Reading {
        let answer = self.store.read(&[self.ask(None)]).await.expect("read").pop();
        answer.expect("one answer").expect("a reading")
    }

    pub(super) async fn state(&self) -> RoomState {
        let asks = [self.ask(Some(self.beginner()))];
        let answer = self.store.read(&asks).await.expect("read").pop().expect("one answer");
        let reading = answer.expect("a reading");
        assert_eq!(reading.now, self.now());
        reading.state
    }

    pub(super) async fn memory(&self) -> Memory {
        self.state().await.memory
    }

    pub(super) async fn digest(&self) -> Digest {
        Digest::of(&self.memory().await)
    }

    /// Freezes this boundary at the instant at which it is due.
    pub(super) async fn freeze_at(&self, index: u16) {
        let Memory { live, frozen, .. } = self.memory().await;
        let schedule = Schedule::new(&self.settings, &live, &frozen);
        self.clock.set(schedule.boundary(index).expect("a boundary").at);
        self.freeze(index).await;
        assert!(self.memory().await.frozen.contains_key(&index), "boundary {index} is frozen");
    }

    pub(super) async fn freeze(&self, index: u16) {
        let Memory { live, frozen, .. } = self.memory().await;
        let schedule = Schedule::new(&self.settings, &live, &frozen);
        let due = schedule.boundary(index).expect("a boundary");
        let next_due_at = schedule.boundary(index + 1).map(|next| next.at);
        let freeze = Freeze { index, due_at: due.at, next_due_at };
        let digest = Digest { live_version: live.version, ..self.beginner() };
        self.store.freeze(self.room(), &digest, freeze).await.expect("freeze");
    }

    pub(super) async fn try_join(&self, arrivals: &Arrivals) -> JoinReply {
        self.store.join(self.room(), &self.beginner(), arrivals).await.expect("join")
    }

    pub(super) async fn enter(&self, arrivals: &Arrivals) -> Entries {
        match self.try_join(arrivals).await {
            JoinReply::Entries(entries) => {
                assert_eq!(entries.people.len(), arrivals.people.len());
                entries
            }
            other => panic!("expected entries, got {other:?}"),
        }
    }

    /// The entries of so many people in the public lane.
    pub(super) async fn join(&self, count: usize) -> Vec<u64> {
        self.join_lane(Lane::Public, count).await
    }

    pub(super) async fn join_lane(&self, lane: Lane, count: usize) -> Vec<u64> {
        let arrivals = Arrivals { lane, people: vec![SOMEBODY; count] };
        self.enter(&arrivals).await.people.into_iter().map(new_entry).collect()
    }

    /// How many of these people were admitted on arrival; they must be the first of them.
    pub(super) async fn admitted_on_arrival(&self, arrivals: &Arrivals) -> usize {
        let people = self.enter(arrivals).await.people;
        let is_admitted = |entered: &Entered| match entered {
            Entered::New { admitted_until, .. } => admitted_until.is_some(),
            Entered::Repeated { .. } | Entered::KeyReused | Entered::CodeUsed => false,
        };
        let admitted = people.iter().take_while(|entered| is_admitted(entered)).count();
        assert!(!people[admitted..].iter().any(is_admitted), "not the first: {people:?}");
        admitted
    }

    /// A call that moves nothing, to be filled in.
    pub(super) async fn next_call(&self) -> Call {
        let state = self.state().await;
        Call {
            called: state.memory.called,
            ledger: Ledger { version: state.ledger.version + 1, ..Ledger::default() },
            express: 0,
            express_behind: None,
        }
    }

    pub(super) async fn call(&self, change: impl FnOnce(&mut Call)) {
        let mut call = self.next_call().await;
        change(&mut call);
        let digest = self.digest().await;
        assert!(self.store.call(self.room(), &digest, &call).await.expect("call"));
    }

    pub(super) async fn call_to(&self, place: u64) {
        self.call(|call| call.called = PerLane::public(place)).await;
    }

    pub(super) async fn redeem_all(&self, redemptions: &[Redemption]) -> Vec<Redeemed> {
        let answers = self.store.redeem(self.room(), &self.beginner(), redemptions).await;
        answers.expect("redeem")
    }

    /// What the subject with this pass gets at this place of the public lane.
    pub(super) async fn redeem(&self, place: u64, pass: u64) -> Redeemed {
        let redemption = at_place(place, pass);
        self.redeem_all(&[redemption]).await[0]
    }

    pub(super) async fn pass_ends(&self, passes: &[u64]) -> Vec<Option<Timestamp>> {
        let passes: Vec<PassId> = passes.iter().copied().map(pass_id).collect();
        let ends = self.store.pass_ends(self.room(), &self.beginner(), &passes).await;
        ends.expect("the ends of passes")
    }

    pub(super) async fn end_passes(&self, passes: &[u64]) {
        let passes: Vec<PassId> = passes.iter().copied().map(pass_id).collect();
        self.store.end_passes(self.room(), &self.beginner(), &passes).await.expect("end passes");
    }

    pub(super) async fn set_live(&self, change: LiveChange) {
        let live = self.memory().await.live.changed(change).expect("a valid change");
        assert!(self.try_set(live).await);
    }

    /// Sets these levers, as somebody does who knows what there is.
    pub(super) async fn try_set(&self, live: LiveSettings) -> bool {
        let memory = self.memory().await;
        let set = self.setting(&memory, live);
        let is_set = self.store.set_live(self.room(), &Digest::of(&memory), &set).await;
        is_set.expect("set")
    }

    pub(super) fn setting(&self, memory: &Memory, live: LiveSettings) -> SetLive {
        let schedule = Schedule::new(&self.settings, &live, &memory.frozen);
        let next_due_at = schedule.boundary(memory.next_boundary()).map(|due| due.at);
        SetLive { next_due_at, before: None, deed: by().changed(&memory.live, &live), live }
    }

    /// A new pass that is given out now.
    pub(super) fn new_pass(&self) -> Redeemed {
        Redeemed::Admitted { expires_at: self.pass_end() }
    }

    pub(super) fn pass_end(&self) -> Timestamp {
        self.now().plus(Duration::from_secs(self.settings.pass.ttl_s.into()))
    }
}

pub(super) fn at_place(place: u64, pass: u64) -> Redemption {
    Redemption { lane: Lane::Public, place, step: None, pass_id: pass_id(pass) }
}

pub(super) fn new_entry(entered: Entered) -> u64 {
    match entered {
        Entered::New { entry, .. } => entry,
        other @ (Entered::Repeated { .. } | Entered::KeyReused | Entered::CodeUsed) => {
            panic!("expected a new entry, got {other:?}")
        }
    }
}
