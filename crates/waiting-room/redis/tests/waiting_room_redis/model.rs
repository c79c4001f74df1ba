//! Drives the store and its model with the same operations and compares every reply, and the whole
//! state after each.

use std::fmt::Debug;
use std::sync::Arc;

use kernel::{Clock, ManualClock, SystemClock, Timestamp};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::Runtime;
use waiting_room::contract::{START, pass_id, room_settings};
use waiting_room::draw::{Digest, Secret};
use waiting_room::gate::{Ledger, Step};
use waiting_room::state::{Floor, PlacesLeft, RoomState};
use waiting_room::store::{Arrivals, Express, FreezeAt, Redemption, Result, Signals};
use waiting_room::{MemoryRoomStore, RoomSettings, RoomStore};
use waiting_room_redis::keys::RoomKeys;
use waiting_room_redis::{RedisConfig, RedisRoomStore};

use crate::operation::{ExpressStep, LimitsStep, Operation, operation};

/// The model itself runs beside the store, so the reference needs no state to draw steps from.
struct AnyOrder;

impl ReferenceStateMachine for AnyOrder {
    type State = ();
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions(_state: &()) -> BoxedStrategy<Operation> {
        operation().boxed()
    }

    fn apply(_state: (), _operation: &Operation) {}
}

/// The same room in Redis and in the model.
struct Pair {
    redis: RedisRoomStore,
    admin: redis::aio::MultiplexedConnection,
    keys: RoomKeys,
    model: MemoryRoomStore,
    settings: RoomSettings,
    now: Timestamp,
    /// What an instance would remember when the store forgets.
    memory: RoomState,
}

impl Pair {
    async fn new() -> Self {
        let config: RedisConfig = crate::shared_config().await;
        let client = redis::Client::open(config.url.as_str()).expect("a valid address");
        let settings = room_settings("model");
        let pair = Self {
            redis: RedisRoomStore::new(&config).expect("a valid address"),
            admin: client.get_multiplexed_async_connection().await.expect("redis"),
            keys: RoomKeys::new(&config.key_prefix, &settings.room),
            // The steps begin in 2021, the store's clock shows today: so does the model's.
            model: MemoryRoomStore::new(Arc::new(ManualClock::at(SystemClock.now()))),
            settings,
            now: START,
            memory: RoomState::empty(),
        };
        pair.create(false).await;
        pair
    }

    async fn operate(&mut self, operation: Operation) {
        match operation {
            Operation::Wait { ms } => {
                self.now = Timestamp::from_unix_ms(self.now.unix_ms() + ms);
            }
            Operation::Create { other_title } => self.create(other_title).await,
            Operation::Rooms => same(self.redis.rooms().await, self.model.rooms().await),
            Operation::Sync { floor } => self.sync(floor).await,
            Operation::Join { count, floor, express } => self.join(count, floor, express).await,
            Operation::Freeze { stale, index, secret } => self.freeze(stale, index, secret).await,
            Operation::Call { version_ahead, call_to, claim_from } => {
                self.call(version_ahead, call_to, claim_from).await;
            }
            Operation::Redeem { tickets, limits } => self.redeem(&tickets, &limits).await,
            Operation::Leave { passes } => {
                let passes: Vec<_> = passes.into_iter().map(pass_id).collect();
                let room = &self.settings.room;
                same(self.redis.leave(room, &passes).await, self.model.leave(room, &passes).await);
            }
            Operation::Signal { count, counted_at_s, departures } => {
                self.signal(count, counted_at_s, departures).await;
            }
            Operation::Forget => {
                let mut delete = redis::cmd("DEL");
                delete.arg(&self.keys.all());
                delete.exec_async(&mut self.admin).await.expect("redis");
                self.model.forget(&self.settings.room);
            }
            Operation::Restore { joins_in_ms } => self.restore(joins_in_ms).await,
        }
        self.sync(Floor::default()).await;
    }

    async fn create(&self, other_title: bool) {
        let mut settings = self.settings.clone();
        if other_title {
            settings.title_de = "Anders – „ä“".into();
        }
        same(self.redis.create(&settings).await, self.model.create(&settings).await);
    }

    async fn sync(&mut self, floor: Floor) {
        let room = &self.settings.room;
        let redis = self.redis.sync(room, floor).await.expect("sync").map(|read| read.state);
        let model = self.model.sync(room, floor).await.expect("sync").map(|read| read.state);
        assert_eq!(redis, model);
        if let Some(state) = model {
            self.memory = state;
        }
    }

    async fn join(&self, count: u32, floor: Floor, express: Option<ExpressStep>) {
        let express = express.map(|express| Express {
            pass_ids: express.passes.into_iter().map(pass_id).collect(),
            boundaries: self.memory.frozen.len() + usize::from(express.stale),
            limits: express.limits.at(self.now),
        });
        let arrivals = Arrivals { count, floor, express };
        let room = &self.settings.room;
        let redis = self.redis.join(room, &arrivals, self.now).await;
        same(redis, self.model.join(room, &arrivals, self.now).await);
    }

    async fn freeze(&self, stale: bool, index: usize, secret: Option<u8>) {
        let index = if stale { index } else { self.memory.frozen.len() };
        let secret = secret.map(|byte| Secret(Digest([byte; 32])));
        let boundary = FreezeAt { now: self.now, secret };
        let room = &self.settings.room;
        let redis = self.redis.freeze(room, index, boundary).await;
        same(redis, self.model.freeze(room, index, boundary).await);
    }

    async fn call(&self, version_ahead: u64, call_to: Option<u64>, claim_from: u64) {
        let call_to = call_to.unwrap_or(self.memory.entered);
        let ledger = Ledger {
            version: self.memory.ledger.version + version_ahead,
            call_tat_us: self.now.unix_ms() * 1_000 + 7,
            claim_from,
            steps: vec![Step { at: self.now, called: call_to }],
        };
        let room = &self.settings.room;
        let redis = self.redis.call(room, call_to, &ledger).await;
        same(redis, self.model.call(room, call_to, &ledger).await);
    }

    async fn redeem(&self, tickets: &[(u64, u64)], limits: &LimitsStep) {
        let redemption = |&(place, pass)| Redemption { place, pass_id: pass_id(pass) };
        let redemptions: Vec<_> = tickets.iter().map(redemption).collect();
        let (room, limits) = (&self.settings.room, limits.at(self.now));
        let redis = self.redis.redeem(room, &redemptions, &limits, self.now).await;
        same(redis, self.model.redeem(room, &redemptions, &limits, self.now).await);
    }

    async fn signal(&self, count: u32, counted_at_s: i64, departures: Vec<u64>) {
        let as_of = Timestamp::from_unix_s(START.unix_s() + counted_at_s);
        let departures = departures.into_iter().map(pass_id).collect();
        let signals = Signals { places_left: PlacesLeft { count, as_of }, departures };
        let room = &self.settings.room;
        same(self.redis.signal(room, &signals).await, self.model.signal(room, &signals).await);
    }

    async fn restore(&self, joins_in_ms: i64) {
        let joins_from = Timestamp::from_unix_ms(self.now.unix_ms() + joins_in_ms);
        let redis = self.redis.restore(&self.settings, &self.memory, joins_from).await;
        same(redis, self.model.restore(&self.settings, &self.memory, joins_from).await);
    }
}

/// Both succeeded with the same reply, or both failed in the same way.
fn same<T: PartialEq + Debug>(redis: Result<T>, model: Result<T>) {
    match (redis, model) {
        (Ok(redis), Ok(model)) => assert_eq!(redis, model, "redis on the left"),
        (redis, model) => {
            assert_eq!(format!("{redis:?}"), format!("{model:?}"), "redis on the left");
        }
    }
}

/// The pair, and the runtime that its connections live in.
struct Driven {
    pair: Pair,
    runtime: Runtime,
}

impl StateMachineTest for Driven {
    type SystemUnderTest = Self;
    type Reference = AnyOrder;

    fn init_test(_reference: &()) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        Self { pair: runtime.block_on(Pair::new()), runtime }
    }

    fn apply(mut driven: Self, _reference: &(), operation: Operation) -> Self {
        driven.runtime.block_on(driven.pair.operate(operation));
        driven
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_reply_is_the_models(sequential 1..80 => Driven);
}
