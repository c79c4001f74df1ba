//! The steps that the store and its model take side by side.

use kernel::Timestamp;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use waiting_room::pace::Pace;
use waiting_room::state::Floor;
use waiting_room::store::AdmissionLimits;

/// One step. What depends on the room's state is said relative to it, so that steps make sense in any
/// order.
#[derive(Clone, Debug)]
pub enum Operation {
    Wait {
        ms: i64,
    },
    Create {
        other_title: bool,
    },
    Rooms,
    Sync {
        floor: Floor,
    },
    Join {
        count: u32,
        floor: Floor,
        express: Option<ExpressStep>,
    },
    Freeze {
        stale: bool,
        index: usize,
        secret: Option<u8>,
    },
    /// `version_ahead` of 1 is the successor; without `call_to` everyone is called.
    Call {
        version_ahead: u64,
        call_to: Option<u64>,
        claim_from: u64,
    },
    Redeem {
        tickets: Vec<(u64, u64)>,
        limits: LimitsStep,
    },
    Leave {
        passes: Vec<u64>,
    },
    Signal {
        count: u32,
        counted_at_s: i64,
        departures: Vec<u64>,
    },
    Forget,
    Restore {
        joins_in_ms: i64,
    },
}

#[derive(Clone, Debug)]
pub struct ExpressStep {
    pub passes: Vec<u64>,
    pub stale: bool,
    pub limits: LimitsStep,
}

/// `ttl_s` is none for a pass that outlives every clock: the store's shows another year than the steps.
#[derive(Clone, Debug)]
pub struct LimitsStep {
    pub max_active: u32,
    pub interval_us: i64,
    pub burst: u32,
    pub ttl_s: Option<i64>,
}

impl LimitsStep {
    pub fn at(&self, now: Timestamp) -> AdmissionLimits {
        let expires_s = self.ttl_s.map_or(9_000_000_000, |ttl_s| now.unix_s() + ttl_s);
        AdmissionLimits {
            max_active: self.max_active,
            pace: Pace { interval_us: self.interval_us, burst: self.burst },
            expires_at: Timestamp::from_unix_s(expires_s),
        }
    }
}

fn limits() -> impl Strategy<Value = LimitsStep> {
    (
        0_u32..8,
        prop_oneof![Just(1), 1_000_i64..2_000_000],
        1_u32..6,
        of(prop_oneof![1 => Just(0_i64), 3 => 1_i64..12]),
    )
        .prop_map(|(max_active, interval_us, burst, ttl_s)| LimitsStep {
            max_active,
            interval_us,
            burst,
            ttl_s,
        })
}

fn floor() -> impl Strategy<Value = Floor> {
    prop_oneof![
        4 => Just(Floor::default()),
        1 => (0_u64..40, 0_u64..40).prop_map(|(entered, called)| Floor { entered, called }),
    ]
}

fn express() -> impl Strategy<Value = ExpressStep> {
    (vec(0_u64..60, 0..4), prop::bool::weighted(0.1), limits())
        .prop_map(|(passes, stale, limits)| ExpressStep { passes, stale, limits })
}

fn join() -> impl Strategy<Value = Operation> {
    (1_u32..6, floor(), of(express())).prop_map(|(count, floor, mut express)| {
        if let Some(express) = &mut express {
            express.passes.truncate(count as usize);
        }
        Operation::Join { count, floor, express }
    })
}

fn redeem() -> impl Strategy<Value = Operation> {
    // Mostly a ticket with its own pass, sometimes with another's.
    let ticket = prop_oneof![
        4 => (0_u64..40).prop_map(|place| (place, place)),
        1 => (0_u64..40, 0_u64..60),
    ];
    (vec(ticket, 0..8), limits())
        .prop_map(|(tickets, limits)| Operation::Redeem { tickets, limits })
}

fn call() -> impl Strategy<Value = Operation> {
    (prop_oneof![5 => Just(1_u64), 1 => 0_u64..3], of(0_u64..40), 0_u64..40).prop_map(
        |(version_ahead, call_to, claim_from)| Operation::Call {
            version_ahead,
            call_to,
            claim_from,
        },
    )
}

/// Half seconds, so that steps often come at the very moment at which something ends.
fn moments(half_seconds: i64) -> impl Strategy<Value = i64> {
    (0..half_seconds).prop_map(|count| count * 500)
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let passes = || vec(0_u64..60, 0..4);
    prop_oneof![
        4 => moments(8).prop_map(|ms| Operation::Wait { ms }),
        1 => any::<bool>().prop_map(|other_title| Operation::Create { other_title }),
        1 => Just(Operation::Rooms),
        1 => floor().prop_map(|floor| Operation::Sync { floor }),
        8 => join(),
        2 => (prop::bool::weighted(0.2), 0_usize..4, of(any::<u8>()))
            .prop_map(|(stale, index, secret)| Operation::Freeze { stale, index, secret }),
        6 => call(),
        8 => redeem(),
        2 => passes().prop_map(|passes| Operation::Leave { passes }),
        2 => (0_u32..9, 0_i64..5, passes()).prop_map(|(count, counted_at_s, departures)| {
            Operation::Signal { count, counted_at_s, departures }
        }),
        1 => Just(Operation::Forget),
        2 => moments(6).prop_map(|joins_in_ms| Operation::Restore { joins_in_ms }),
    ]
}
