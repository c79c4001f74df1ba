//! Test vectors for whoever computes from the status where a ticket stands: statuses, tickets, and what the room itself
//! says of them.

use std::sync::Arc;

use kernel::{Entropy, SeededEntropy, Timestamp};
use pass::Subject;
use serde_json::{Value, json};
use waiting_room::RoomSettings;
use waiting_room::contract::{START, room_settings, subject};
use waiting_room::draw::DrawKey;
use waiting_room::gate::{Ledger, Step};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::line::ticket::Ticket;
use waiting_room::memory::{Frozen, Memory};
use waiting_room::service::outcome::Answer;
use waiting_room::state::{Counts, RoomState};
use waiting_room::view::RoomView;

use super::RoomStatus;
use crate::harness::after;
use crate::wire::TicketState;

/// The members of a ticket's state that follow from the status.
const COMPUTED: [&str; 6] = ["state", "place", "ahead", "estimated_wait_s", "slowed", "odds"];

/// A room at an instant, and tickets of it.
struct Case {
    name: String,
    settings: RoomSettings,
    state: RoomState,
    at: Timestamp,
    tickets: Vec<Ticket>,
}

impl Case {
    /// A room in which so many entries were counted at its first boundaries, `at_s` seconds after its first opening.
    fn new(name: &str, boundaries: &[PerLane<u64>], at_s: i64) -> Self {
        let settings = room_settings("town");
        let mut memory = Memory::of_new_room(&settings);
        for ((index, &entries), s) in (0..).zip(boundaries).zip([-3_600, 0, 1_800, 3_600]) {
            memory.saw_boundary(index, Frozen { at: after(s), entries });
        }
        memory.epoch = 1_623_646_400;
        let state = RoomState::new(memory, Timestamp::default());
        Self { name: name.to_owned(), settings, state, at: after(at_s), tickets: Vec::new() }
    }

    fn with(mut self, change: impl FnOnce(&mut RoomState)) -> Self {
        change(&mut self.state);
        self
    }

    /// Entries of this lane, issued `issued_s` seconds after the first opening.
    fn tickets(mut self, lane: Lane, issued_s: i64, entries: &[u64]) -> Self {
        self.tickets.extend(entries.iter().map(|&entry| Ticket {
            room: self.settings.room.clone(),
            incarnation: 1,
            epoch: 1,
            lane,
            entry,
            ags: "07318000".parse().expect("an AGS"),
            issued_at: after(issued_s),
            id: [0; 16],
            subject: subject(entry),
            block: None,
            is_called: false,
            pass_ends_at: None,
        }));
        self
    }

    fn to_json(&self) -> Value {
        let settings = Arc::new(self.settings.clone());
        let key = DrawKey::new(&[1; 32]);
        let view = Arc::new(RoomView::new(settings, &key, self.state.clone(), self.at, 1));
        let status = RoomStatus { now: self.at, ..RoomStatus::of(&view) };
        let tickets: Vec<Value> = self.tickets.iter().map(|ticket| told(&view, ticket)).collect();
        json!({"name": self.name, "status": status, "tickets": tickets})
    }
}

/// What the room says of a ticket: what joining answered of it, and where it stands.
fn told(view: &Arc<RoomView>, ticket: &Ticket) -> Value {
    let standing = view.standing(ticket);
    let answer = Answer {
        ticket: String::new(),
        is_renewed: false,
        view: Arc::clone(view),
        now: view.as_of,
        epoch: view.state.memory.epoch,
        lane: ticket.lane,
        entry: ticket.entry,
        issued_at: ticket.issued_at,
        subject: ticket.subject,
        standing,
        claim_until: None,
        poll_after_s: 0,
        pass: None,
    };
    let state = serde_json::to_value(TicketState::from(&answer)).expect("JSON");
    let of = |names: &[&str]| -> Value {
        let present = names.iter().filter(|name| state.get(**name).is_some());
        present.map(|name| ((*name).to_owned(), state[*name].clone())).collect()
    };
    json!({
        "ticket": of(&["lane", "entry", "subject", "issued_at"]),
        "standing": of(&COMPUTED),
    })
}

fn counted(places_left: u32) -> Counts {
    let (counted_at, held_passes, held_seats) = (after(599), 20, 45);
    Counts { counted_at, places_left, held_passes, held_seats, queue_depth: 0, queue_depth_max: 64 }
}

/// Ten calls in each ten seconds up to the tenth minute.
fn moving(state: &mut RoomState) {
    let called = |number: u64| PerLane::public((number + 1) * 10);
    let step = |number: u64| Step {
        number,
        at: START.plus(std::time::Duration::from_secs(number * 10)),
        called: called(number),
        invited: 10,
        came: 9,
        ..Step::default()
    };
    state.ledger = Ledger { steps: (0..60).map(step).collect(), ..Ledger::default() };
    state.came = (0..60).map(|number| (number, 9)).collect();
    state.memory.called = called(59);
    (state.active, state.active_fresh) = (30, 30);
    (state.memory.live.max_active, state.memory.live.pace_per_minute) = (200, 600);
}

/// What is checked in.
pub(crate) fn cases() -> Vec<Value> {
    const EVERYWHERE: [u64; 6] = [0, 1, 1_000, 39_998, 39_999, 40_000];
    let drawn = [PerLane::default(), PerLane::public(40_000)];
    let lanes = [PerLane::default(), PerLane([3_000, 40, 7])];
    let second = [drawn[0], drawn[1], PerLane::public(40_010)];
    let held = [second[0], second[1], second[2], PerLane::public(41_000)];
    let entered =
        |entered: u64| move |state: &mut RoomState| state.memory.entered = PerLane::public(entered);
    let case = |name, boundaries: &[PerLane<u64>], at_s| Case::new(name, boundaries, at_s);
    let public = Lane::Public;
    [
        case("nobody has been heard of", &[], -3_600).tickets(public, -3_600, &[0]),
        case("people gather", &drawn[..1], -60).with(entered(500)).tickets(public, -90, &[0, 499]),
        case("the draw is due and not held", &drawn[..1], 1).with(entered(500)).tickets(
            public,
            0,
            &[499],
        ),
        case("the draw is held", &drawn, 1).tickets(public, -90, &EVERYWHERE),
        case("who came after the opening", &drawn, 5).with(entered(40_100)).tickets(
            public,
            3,
            &[39_999, 40_000, 40_099],
        ),
        case("several lanes", &lanes, 1)
            .with(|state| state.memory.called = PerLane([100, 10, 0]))
            .tickets(public, -90, &[0, 1, 2_999])
            .tickets(Lane::Hotline, -80, &[0, 1, 39])
            .tickets(Lane::Priority, -70, &[0, 6])
            .tickets(Lane::Priority, 1, &[7]),
        case("people gather for the second opening", &second, 1_900)
            .with(entered(40_500))
            .tickets(public, -90, &[7])
            .tickets(public, 900, &[40_000, 40_009])
            .tickets(public, 1_850, &[40_010, 40_499]),
        case("a boundary is news", &drawn, 1_799)
            .with(entered(40_500))
            .tickets(public, 1_800, &[40_499])
            .tickets(public, 1_700, &[40_100]),
        case("the second draw is held", &held, 3_700)
            .with(|state| state.memory.called = PerLane::public(40_500))
            .tickets(public, -90, &[9])
            .tickets(public, 1_850, &[40_010, 40_999])
            .tickets(public, 3_650, &[41_000]),
        case("a draw was lost and held again too far back", &[drawn[0], PerLane::public(90)], 30)
            .with(entered(100))
            .tickets(public, 10, &[80])
            .tickets(public, -10, &[80]),
        case("the line moves", &drawn, 600).with(moving).tickets(public, -90, &EVERYWHERE),
        case("places are left", &drawn, 600)
            .with(moving)
            .with(|state| state.report = Some(counted(30_000)))
            .tickets(public, -90, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        case("places are short", &drawn, 600)
            .with(moving)
            .with(|state| state.report = Some(counted(40)))
            .tickets(public, -90, &[0, 1, 2, 3]),
        case("the booking is slow", &drawn, 600)
            .with(moving)
            .with(|state| state.ledger.allowance = Some(40))
            .tickets(public, -90, &[0, 1]),
        case("the room is paused", &drawn, 600)
            .with(moving)
            .with(|state| state.memory.live.paused = true)
            .tickets(public, -90, &[0, 1]),
        case("the room is over", &drawn, 86_400).tickets(public, -90, &[0, 40_000]),
    ]
    .iter()
    .map(Case::to_json)
    .collect()
}

/// Rooms as they may be, with whatever counts.
pub(crate) fn random_cases(count: u32) -> Vec<Value> {
    let random: &dyn Entropy = &SeededEntropy::new(21);
    (0..count).map(|number| random_case(number, &|below| random.u64() % below).to_json()).collect()
}

fn random_case(number: u32, below: &dyn Fn(u64) -> u64) -> Case {
    let seconds = |below_s: u64| i64::try_from(below(below_s)).expect("small");
    let mut boundaries = Vec::new();
    let mut so_far = PerLane::default();
    for _ in 0..below(5) {
        boundaries.push(so_far);
        so_far = PerLane([so_far.0[0] + below(3_000), so_far.0[1] + below(3) * 20, so_far.0[2]]);
    }
    let at_s = seconds(8_000) - 3_700;
    let entered = so_far;
    let mut case = Case::new(&format!("random {number}"), &boundaries, at_s).with(|state| {
        state.memory.entered = entered.at_least(state.memory.entered);
        state.memory.called = entered.map(|entered| below(entered + 1));
        let called_at = |ago: u64| after(at_s).minus(std::time::Duration::from_secs(ago));
        let step = |number: u64| Step {
            number,
            at: called_at((20 - number) * 9),
            called: state.memory.called,
            invited: below(40),
            ..Step::default()
        };
        state.ledger.steps = (0..below(21)).map(step).collect();
        state.active = u32::try_from(below(100)).expect("small");
        state.active_fresh = state.active / 2;
        let places_left = u32::try_from(below(2_000)).expect("small");
        let counted_at = called_at(below(70));
        state.report = Some(Counts { counted_at, ..counted(places_left) });
        state.memory.live.paused = below(10) == 0;
    });
    for lane in [Lane::Public, Lane::Hotline] {
        for _ in 0..4 {
            let issued_s = seconds(8_000) - 3_700;
            let entry = below(case.state.memory.entered[lane] + 2);
            case = case.tickets(lane, issued_s, &[entry]);
        }
    }
    let whoever = u128::from(below(u64::MAX)) << 64 | u128::from(below(u64::MAX));
    for ticket in &mut case.tickets {
        ticket.subject = Subject::from_bytes((whoever ^ u128::from(ticket.entry)).to_be_bytes());
    }
    case
}
