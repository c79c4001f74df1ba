//! The steps that the store and its model take side by side.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// One step. What depends on the room's state is said relative to it, so that steps make sense in any
/// order.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Time passes; less than none when the clock steps back.
    Wait { ms: i64 },
    /// An operator applies the campaign.
    Create { incarnation: u32, other_title: bool },
    /// An operator removes the room.
    Remove,
    /// Somebody lists the rooms.
    List,
    /// A newcomer reads the room.
    ReadFirst { listening_ms: u64 },
    /// An instance reads the room.
    Read { knows: Knows },
    /// An instance keeps in mind what the room is like.
    Remember { instance: usize },
    /// An instance gives the store what it knows.
    Merge { knows: Knows, quiet_ms: u64 },
    /// People arrive.
    Join { knows: Knows, lane: u8, people: Vec<Somebody>, with_passes: bool },
    /// A boundary is frozen, the next one or another.
    Freeze { knows: Knows, ahead: u16, due_in_ms: i64, next_due_in_ms: Option<i64> },
    /// The gate moves; a version of 1 ahead is the successor.
    Call { knows: Knows, version_ahead: u64, moved: Moved },
    /// Tickets are redeemed.
    Redeem { knows: Knows, tickets: Vec<TicketStep> },
    /// Passes are given back.
    EndPasses { knows: Knows, passes: Vec<u64> },
    /// The booking API reports.
    Report { knows: Knows, counted_in_ms: i64, places_left: u32, departures: Vec<u64> },
    /// An operator changes the levers.
    SetLive { knows: Knows, version_ahead: u64, levers: Levers },
    /// An operator supplies public entropy.
    SupplyEntropy { knows: Knows, opening: u16, text: String },
    /// The store loses everything.
    Forget,
    /// The store is backed up.
    BackUp,
    /// The store goes back to the last backup.
    Restore,
}

/// What an instance knows of the room.
#[derive(Clone, Debug)]
pub enum Knows {
    /// That it exists.
    Nothing { incarnation: u32 },
    /// All that the store knows.
    Current,
    /// What it kept in mind.
    Remembered { instance: usize },
    /// More than the store knows.
    More(More),
}

/// By how much more.
#[derive(Clone, Debug)]
pub struct More {
    pub epoch: u32,
    pub live_version: u64,
    pub entered: [u64; 3],
    pub called: [u64; 3],
    /// A boundary, and how long before now it was frozen.
    pub boundary: Option<(u16, i64)>,
    pub entropy: Option<(u16, String)>,
}

#[derive(Clone, Debug)]
pub struct Somebody {
    pub pass: u64,
    pub key: Option<(u8, u32)>,
    pub code: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct Moved {
    pub called: Option<[u64; 3]>,
    pub express: u32,
    pub express_behind: Option<u64>,
    pub steps: Vec<u64>,
    pub allowance: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct TicketStep {
    pub lane: u8,
    pub place: u64,
    pub pass: u64,
    pub step: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Levers {
    pub paused: bool,
    pub pace_per_minute: u32,
    pub burst: u32,
    pub max_active: u32,
    pub next_due_in_ms: Option<i64>,
    pub before_in_ms: Option<i64>,
}

fn more() -> impl Strategy<Value = More> {
    let few = || prop_oneof![3 => Just([0; 3]), 1 => prop::array::uniform3(0_u64..4)];
    let boundary = prop::option::weighted(0.3, (0_u16..5, -3_000_i64..3_000));
    let entropy = prop::option::weighted(0.2, (0_u16..2, "[a-c;]{1,2}"));
    let version = prop_oneof![4 => Just(0_u64), 1 => Just(1)];
    (0_u32..2, version, few(), few(), boundary, entropy).prop_map(
        |(epoch, live_version, entered, called, boundary, entropy)| More {
            epoch,
            live_version,
            entered,
            called,
            boundary,
            entropy,
        },
    )
}

fn knows() -> impl Strategy<Value = Knows> {
    prop_oneof![
        4 => incarnation().prop_map(|incarnation| Knows::Nothing { incarnation }),
        8 => Just(Knows::Current),
        3 => (0_usize..2).prop_map(|instance| Knows::Remembered { instance }),
        1 => more().prop_map(Knows::More),
    ]
}

fn knows_more() -> impl Strategy<Value = Knows> {
    prop_oneof![3 => more().prop_map(Knows::More), 1 => knows()]
}

fn incarnation() -> impl Strategy<Value = u32> {
    prop_oneof![12 => Just(1_u32), 2 => Just(2), 1 => Just(3)]
}

fn lane() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(0_u8), 1 => Just(1), 1 => Just(2)]
}

fn join() -> impl Strategy<Value = Operation> {
    let key = prop::option::weighted(0.5, (0_u8..4, 0_u32..2));
    let code = prop::option::weighted(0.2, 0_u32..6);
    let somebody =
        (0_u64..40, key, code).prop_map(|(pass, key, code)| Somebody { pass, key, code });
    (knows(), lane(), vec(somebody, 1..6), prop::bool::weighted(0.7)).prop_map(
        |(knows, lane, people, with_passes)| Operation::Join { knows, lane, people, with_passes },
    )
}

fn call() -> impl Strategy<Value = Operation> {
    let called = of(prop::array::uniform3(0_u64..30));
    let steps = vec(0_u64..6, 0..3);
    let moved = (called, 0_u32..5, of(0_u64..12), steps, prop::option::weighted(0.2, 0_u32..4));
    let moved = moved.prop_map(|(called, express, express_behind, steps, allowance)| Moved {
        called,
        express,
        express_behind,
        steps,
        allowance,
    });
    (knows(), prop_oneof![6 => Just(1_u64), 1 => 0_u64..3], moved)
        .prop_map(|(knows, version_ahead, moved)| Operation::Call { knows, version_ahead, moved })
}

fn redeem() -> impl Strategy<Value = Operation> {
    let place = prop_oneof![8 => 0_u64..30, 1 => Just(u64::MAX)];
    let ticket = (lane(), place, 0_u64..40, of(0_u64..6));
    let ticket =
        ticket.prop_map(|(lane, place, pass, step)| TicketStep { lane, place, pass, step });
    (knows(), vec(ticket, 0..8)).prop_map(|(knows, tickets)| Operation::Redeem { knows, tickets })
}

fn levers() -> impl Strategy<Value = Operation> {
    let levers = (prop::bool::weighted(0.2), 1_u32..200, 1_u32..6, 1_u32..8);
    let openings = (of(-500_i64..30_000), prop::option::weighted(0.3, -500_i64..500));
    let levers =
        (levers, openings).prop_map(
            |((paused, pace_per_minute, burst, max_active), (next_due_in_ms, before_in_ms))| {
                Levers { paused, pace_per_minute, burst, max_active, next_due_in_ms, before_in_ms }
            },
        );
    (knows(), prop_oneof![4 => Just(1_u64), 1 => 0_u64..3], levers).prop_map(
        |(knows, version_ahead, levers)| Operation::SetLive { knows, version_ahead, levers },
    )
}

fn freeze() -> impl Strategy<Value = Operation> {
    let ahead = prop_oneof![4 => Just(0_u16), 1 => 0_u16..3];
    let due_in_ms = prop_oneof![4 => Just(-1_i64), 1 => -2_i64..2];
    (knows(), ahead, due_in_ms, of(-500_i64..30_000)).prop_map(
        |(knows, ahead, due_in_ms, next_due_in_ms)| Operation::Freeze {
            knows,
            ahead,
            due_in_ms,
            next_due_in_ms,
        },
    )
}

/// Half seconds, so that steps often come at the very moment at which something ends; sometimes minutes, so
/// that passes and remembered joins end, and sometimes back.
fn wait() -> impl Strategy<Value = Operation> {
    let ms = prop_oneof![
        12 => (0_i64..8).prop_map(|count| count * 500),
        3 => (0_i64..16).prop_map(|count| count * 60_000),
        1 => (0_i64..8).prop_map(|count| count * -30_000),
    ];
    ms.prop_map(|ms| Operation::Wait { ms })
}

pub fn operation() -> impl Strategy<Value = Operation> {
    let passes = || vec(0_u64..40, 0..4);
    prop_oneof![
        12 => wait(),
        2 => (incarnation(), any::<bool>())
            .prop_map(|(incarnation, other_title)| Operation::Create { incarnation, other_title }),
        1 => Just(Operation::Remove),
        1 => Just(Operation::List),
        3 => (0_u64..4).prop_map(|count| Operation::ReadFirst { listening_ms: count * 1_000 }),
        4 => knows().prop_map(|knows| Operation::Read { knows }),
        3 => (0_usize..2).prop_map(|instance| Operation::Remember { instance }),
        5 => (knows_more(), 0_u64..4)
            .prop_map(|(knows, count)| Operation::Merge { knows, quiet_ms: count * 500 }),
        16 => join(),
        4 => freeze(),
        10 => call(),
        16 => redeem(),
        3 => (knows(), passes()).prop_map(|(knows, passes)| Operation::EndPasses { knows, passes }),
        3 => (knows(), -3_000_i64..3_000, 0_u32..9, passes()).prop_map(
            |(knows, counted_in_ms, places_left, departures)| Operation::Report {
                knows, counted_in_ms, places_left, departures,
            }
        ),
        4 => levers(),
        2 => (knows(), 0_u16..3, "[a-cä;]{1,3}")
            .prop_map(|(knows, opening, text)| Operation::SupplyEntropy { knows, opening, text }),
        1 => Just(Operation::Forget),
        2 => Just(Operation::BackUp),
        2 => Just(Operation::Restore),
    ]
}
