//! The store and its model side by side: each operation on both, and every reply compared.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock as _, ManualClock, Timestamp};
use redis::aio::MultiplexedConnection;
use waiting_room::audit::{Record, Wanted};
use waiting_room::contract::{START, by, created, pass_id, room_settings};
use waiting_room::draw::DrawKey;
use waiting_room::gate::{Ledger, Step};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::memory::digest::Digest;
use waiting_room::memory::{Frozen, Memory};
use waiting_room::priority::CodeNumber;
use waiting_room::settings::Opening;
use waiting_room::state::{BookingReport, Counts, RoomState};
use waiting_room::store::{
    Arrival, Arrivals, Ask, Call, Freeze, JoinKey, Redemption, Result as StoreResult, SetLive,
};
use waiting_room::{MemoryRoomStore, RoomId, RoomSettings, RoomStore, Rooms};
use waiting_room_redis::RedisRoomStore;
use waiting_room_redis::keys::{self, RoomKeys};

use crate::operation::{Knows, Levers, More, Moved, Operation, Somebody, TicketStep};

/// The same room in Redis and in the model, on the same clock.
pub struct Pair {
    redis: RedisRoomStore,
    model: MemoryRoomStore,
    clock: Arc<ManualClock>,
    admin: MultiplexedConnection,
    keys: Vec<String>,
    room: RoomId,
    /// What two instances remember.
    remembered: [Memory; 2],
    backup: Option<(Rooms, Vec<Option<Vec<u8>>>)>,
}

/// The room's settings in this incarnation.
fn settings(incarnation: u32) -> RoomSettings {
    let settings = room_settings("model");
    let key = DrawKey::new(&[1; 32]);
    let openings = settings.openings.iter().enumerate().map(|(index, opening)| {
        let Opening { gathers_from, opens_at, .. } = *opening;
        Opening::committed(&key, (&settings.room, incarnation), index, gathers_from, opens_at)
    });
    RoomSettings { incarnation, openings: openings.collect(), ..settings }
}

impl Pair {
    pub async fn new() -> Self {
        let config = crate::shared_config().await;
        let client =
            redis::Client::open(test_support::shared_redis_url().await).expect("a valid address");
        let clock = Arc::new(ManualClock::at(START.minus(Duration::from_secs(4_000))));
        let settings = settings(1);
        let keys = RoomKeys::new(&config.key_prefix, &settings.room);
        let mut keys: Vec<String> = keys.all().map(str::to_owned).into();
        keys.push(RoomKeys::new(&config.key_prefix, &settings.room).audit);
        keys.push(keys::rooms(&config.key_prefix));
        let nothing = Memory::of_new_room(&settings);
        let pair = Self {
            redis: crate::store_at(&config, &clock),
            model: MemoryRoomStore::new(clock.clone()),
            clock,
            admin: client.get_multiplexed_async_connection().await.expect("redis"),
            keys,
            room: settings.room.clone(),
            remembered: [nothing.clone(), nothing],
            backup: None,
        };
        pair.create(1, false).await;
        pair.clock.set(START);
        pair
    }

    pub async fn operate(&mut self, operation: Operation) {
        let known = self.known().await;
        let memory = |knows: &Knows| self.memory(knows, known.as_ref());
        match operation {
            Operation::Wait { ms } => {
                self.clock.set(Timestamp::from_unix_ms(self.clock.now().unix_ms() + ms));
            }
            Operation::Create { incarnation, other_title } => {
                self.create(incarnation, other_title).await;
            }
            Operation::Remove => {
                let deed = by().removed();
                let answer = self.redis.remove(&self.room, &deed).await;
                same(answer, self.model.remove(&self.room, &deed).await);
            }
            Operation::List => self.list().await,
            Operation::ReadFirst { listening_ms } => self.read(None, listening_ms).await,
            Operation::Read { knows } => {
                let digest = Digest::of(&memory(&knows));
                self.read(Some(digest), 1_000).await;
            }
            Operation::Remember { instance } => self.remembered[instance] = memory(&Knows::Current),
            Operation::Merge { knows, quiet_ms } => self.merge(&memory(&knows), quiet_ms).await,
            Operation::Forget => {
                self.model.forget();
                self.delete().await;
            }
            Operation::BackUp => self.back_up().await,
            Operation::Restore => self.restore().await,
            Operation::Join { ref knows, .. }
            | Operation::Freeze { ref knows, .. }
            | Operation::Call { ref knows, .. }
            | Operation::Redeem { ref knows, .. }
            | Operation::EndPasses { ref knows, .. }
            | Operation::Report { ref knows, .. }
            | Operation::SetLive { ref knows, .. }
            | Operation::SupplyEntropy { ref knows, .. } => {
                let digest = Digest::of(&memory(knows));
                self.operate_with(operation, &digest, known.as_ref()).await;
            }
        }
        self.compare().await;
    }

    /// The operations that carry a digest.
    async fn operate_with(&self, operation: Operation, digest: &Digest, known: Option<&RoomState>) {
        let (redis, model, room) = (&self.redis, &self.model, &self.room);
        match operation {
            Operation::Join { lane, people, with_passes, .. } => {
                let arrivals = arrivals(lane, &people, with_passes);
                let answer = redis.join(room, digest, &arrivals).await;
                same(answer, model.join(room, digest, &arrivals).await);
            }
            Operation::Freeze { ahead, due_in_ms, next_due_in_ms, .. } => {
                let frozen = known.map_or(0, |state| state.memory.frozen.len());
                let index = u16::try_from(frozen).expect("few") + ahead;
                let next_due_at = next_due_in_ms.map(|ms| self.in_ms(ms));
                let freeze = Freeze { index, due_at: self.in_ms(due_in_ms), next_due_at };
                let answer = redis.freeze(room, digest, freeze).await;
                same(answer, model.freeze(room, digest, freeze).await);
            }
            Operation::Call { version_ahead, moved, .. } => {
                let call = self.call(version_ahead, moved, known);
                let answer = redis.call(room, digest, &call).await;
                same(answer, model.call(room, digest, &call).await);
            }
            Operation::Redeem { tickets, .. } => {
                let redemptions: Vec<_> = tickets.iter().map(redemption).collect();
                let answer = redis.redeem(room, digest, &redemptions).await;
                same(answer, model.redeem(room, digest, &redemptions).await);
            }
            Operation::EndPasses { passes, .. } => {
                let passes: Vec<_> = passes.into_iter().map(pass_id).collect();
                let answer = redis.end_passes(room, digest, &passes).await;
                same(answer, model.end_passes(room, digest, &passes).await);
                let answer = redis.pass_ends(room, digest, &passes).await;
                same(answer, model.pass_ends(room, digest, &passes).await);
            }
            Operation::Report { counted_in_ms, places_left, departures, .. } => {
                let report = self.report(counted_in_ms, places_left, departures);
                let answer = redis.report(room, digest, &report).await;
                same(answer, model.report(room, digest, &report).await);
            }
            Operation::SetLive { version_ahead, levers, .. } => {
                let mut live = known
                    .map_or_else(|| settings(1).gate.levers(), |state| state.memory.live.clone());
                live.version += version_ahead;
                let Levers { paused, pace_per_minute, burst, max_active, .. } = levers;
                (live.paused, live.pace_per_minute) = (paused, pace_per_minute);
                (live.burst, live.max_active) = (burst, max_active);
                let set = SetLive {
                    next_due_at: levers.next_due_in_ms.map(|ms| self.in_ms(ms)),
                    before: levers.before_in_ms.map(|ms| self.in_ms(ms)),
                    deed: by().changed(&settings(1).gate.levers(), &live),
                    live,
                };
                let answer = redis.set_live(room, digest, &set).await;
                same(answer, model.set_live(room, digest, &set).await);
            }
            Operation::SupplyEntropy { opening, text, .. } => {
                let deed = by().supplied(opening, &text);
                let answer = redis.supply_entropy(room, digest, opening, &text, &deed).await;
                same(answer, model.supply_entropy(room, digest, opening, &text, &deed).await);
            }
            other => panic!("carries no digest: {other:?}"),
        }
    }

    fn in_ms(&self, ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(self.clock.now().unix_ms() + ms)
    }

    async fn create(&self, incarnation: u32, other_title: bool) {
        let mut settings = settings(incarnation);
        if other_title {
            settings.title_de = "Anders – „ä“".into();
        }
        let deed = created(&settings);
        let answer = self.redis.create(&settings, &deed).await;
        same(answer, self.model.create(&settings, &deed).await);
    }

    async fn list(&self) {
        for after in [None, Some(&self.room)] {
            same(self.redis.list(after, 10).await, self.model.list(after, 10).await);
        }
    }

    async fn read(&self, digest: Option<Digest>, listening_ms: u64) {
        let ask = Ask {
            room: self.room.clone(),
            digest,
            claim_window: Duration::from_mins(10),
            listening: Duration::from_millis(listening_ms),
        };
        let asks = [ask];
        let redis = self.redis.read(&asks).await.expect("read").pop().expect("one");
        same(redis, self.model.read(&asks).await.expect("read").pop().expect("one"));
    }

    async fn merge(&self, memory: &Memory, quiet_ms: u64) {
        let settings = settings(memory.incarnation);
        let quiet = Duration::from_millis(quiet_ms);
        let redis = self.redis.merge(&settings, memory, quiet).await;
        same(redis, self.model.merge(&settings, memory, quiet).await);
    }

    fn call(&self, version_ahead: u64, moved: Moved, known: Option<&RoomState>) -> Call {
        let entered = known.map_or(PerLane::default(), |state| state.memory.entered);
        let version = known.map_or(0, |state| state.ledger.version) + version_ahead;
        let mut steps = moved.steps;
        steps.sort_unstable();
        let step = |number| Step { number, at: self.clock.now(), ..Step::default() };
        Call {
            called: moved.called.map_or(entered, PerLane),
            ledger: Ledger {
                version,
                call_tat_us: self.clock.now().unix_ms() * 1_000 + 7,
                last_step: 2,
                steps: steps.into_iter().map(step).collect(),
                allowance: moved.allowance,
                ..Ledger::default()
            },
            express: moved.express,
            express_behind: moved.express_behind,
        }
    }

    fn report(&self, counted_in_ms: i64, places_left: u32, departures: Vec<u64>) -> BookingReport {
        let counts = Counts {
            counted_at: self.in_ms(counted_in_ms),
            places_left,
            held_passes: 1,
            held_seats: 2,
            queue_depth: 3,
            queue_depth_max: 4,
        };
        BookingReport { counts, departures: departures.into_iter().map(pass_id).collect() }
    }

    async fn delete(&mut self) {
        let mut delete = redis::cmd("DEL");
        delete.arg(&self.keys).exec_async(&mut self.admin).await.expect("redis");
    }

    async fn back_up(&mut self) {
        let mut dumps = Vec::new();
        for key in &self.keys {
            let dump = redis::cmd("DUMP").arg(key).query_async(&mut self.admin).await;
            dumps.push(dump.expect("redis"));
        }
        self.backup = Some((self.model.back_up(), dumps));
    }

    async fn restore(&mut self) {
        let Some((rooms, values)) = self.backup.clone() else { return };
        self.model.restore(rooms);
        self.delete().await;
        for (key, value) in self.keys.iter().zip(values) {
            if let Some(value) = value {
                let mut restore = redis::cmd("RESTORE");
                restore.arg(key).arg(0).arg(value);
                restore.exec_async(&mut self.admin).await.expect("redis");
            }
        }
    }

    /// What the model has, without leaving a trace.
    async fn known(&self) -> Option<RoomState> {
        let incarnation = self.model.settings(&self.room).await.expect("settings")?.incarnation;
        // Merging what is known to everybody changes nothing, and tells what there is.
        let settings = settings(incarnation);
        let nothing = Memory::of_new_room(&settings);
        let reading = self.model.merge(&settings, &nothing, Duration::ZERO).await;
        Some(reading.expect("known").state)
    }

    fn memory(&self, knows: &Knows, stored: Option<&RoomState>) -> Memory {
        let all =
            || stored.map_or_else(|| self.remembered[0].clone(), |state| state.memory.clone());
        match knows {
            Knows::Nothing { incarnation } => Memory::of_new_room(&settings(*incarnation)),
            Knows::Current => all(),
            Knows::Remembered { instance } => self.remembered[*instance].clone(),
            Knows::More(more) => self.add(all(), more),
        }
    }

    fn add(&self, mut memory: Memory, more: &More) -> Memory {
        memory.epoch += more.epoch;
        memory.live.version += more.live_version;
        for lane in Lane::ALL {
            memory.entered[lane] += more.entered[lane as usize];
            memory.called[lane] += more.called[lane as usize];
        }
        if let Some((index, ms)) = more.boundary {
            memory.saw_boundary(index, Frozen { at: self.in_ms(ms), entries: memory.entered });
        }
        memory.entropy.extend(more.entropy.clone());
        memory
    }

    /// Holds everything that is stored against the model, without leaving a trace.
    async fn compare(&self) {
        let settings_known = self.model.settings(&self.room).await;
        same(self.redis.settings(&self.room).await, settings_known);
        self.list().await;
        let all = (Wanted::After(None), usize::MAX >> 1);
        let redis = self.redis.audit(&self.room, all.0, all.1).await.expect("records");
        let model = self.model.audit(&self.room, all.0, all.1).await.expect("records");
        let done = |record: &Record| (record.at, record.deed.clone());
        assert!(redis.iter().map(done).eq(model.iter().map(done)), "{redis:?} {model:?}");
        if let Some(model) = self.known().await {
            let settings = settings(model.memory.incarnation);
            let nothing = Memory::of_new_room(&settings);
            let redis = self.redis.merge(&settings, &nothing, Duration::ZERO).await;
            assert_eq!(redis.expect("known").state, model, "redis on the left");
        }
    }
}

fn arrivals(lane: u8, people: &[Somebody], with_passes: bool) -> Arrivals {
    let arrival = |somebody: &Somebody| Arrival {
        pass_id: with_passes.then(|| pass_id(somebody.pass)),
        key: somebody.key.map(|(key, fingerprint)| JoinKey { key: [key; 16], fingerprint }),
        code: somebody.code.and_then(CodeNumber::new),
    };
    let lane = Lane::from_number(lane).expect("a lane");
    Arrivals { lane, people: people.iter().map(arrival).collect() }
}

fn redemption(ticket: &TicketStep) -> Redemption {
    let TicketStep { lane, place, pass, step } = *ticket;
    let lane = Lane::from_number(lane).expect("a lane");
    Redemption { lane, place, step, pass_id: pass_id(pass) }
}

/// Both gave the same answer, or failed for the same reason.
fn same<T: Debug + PartialEq>(redis: StoreResult<T>, model: StoreResult<T>) {
    match (redis, model) {
        (Ok(redis), Ok(model)) => assert_eq!(redis, model, "redis on the left"),
        (redis, model) => {
            assert_eq!(format!("{redis:?}"), format!("{model:?}"), "redis on the left");
        }
    }
}
