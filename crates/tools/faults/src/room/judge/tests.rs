//! Made-up histories: a good one, and for every rule one that breaks it and nothing else.

use super::*;
use crate::room::course::{Bounds, Heal};
use crate::room::history::{Pass, TicketState, Told};

const BOUNDS: Bounds =
    Bounds { max_active: 30, pace_per_minute: 600, burst: 15, pass_ttl_ms: 10_000 };
const PEOPLE: u32 = 60;

fn state(number: u32, standing: Standing) -> TicketState {
    TicketState {
        lane: "public".to_owned(),
        epoch: 1,
        entry: number.into(),
        subject: Some(format!("subject {number}")),
        place: (standing > Standing::Gathering).then(|| place(number)),
        standing,
    }
}

/// Drawn, so in another order than that of the entries.
fn place(number: u32) -> u64 {
    u64::from(number * 7 % PEOPLE)
}

fn pass(number: u32, admitted: i64) -> Pass {
    Pass { id: format!("pass {number}"), expires_at: admitted + BOUNDS.pass_ttl_ms }
}

fn event(citizen: u32, sent: i64, asked: Asked, told: Told) -> Event {
    Event { citizen, instance: 0, sent, answered: sent + 5, asked, told }
}

fn refused(status: u16, code: &str) -> Told {
    Told::Refused { status, code: code.to_owned() }
}

/// Everybody gathers until second 3. Then ten a second are called, poll, enter and leave.
fn good() -> (Course, Vec<Event>) {
    let mut events = Vec::new();
    for number in 0..PEOPLE {
        let told = Told::State(state(number, Standing::Gathering), None);
        let joined = i64::from(number) * 16;
        events.push(event(number, joined, Asked::Join, told));
        for second in 1.. {
            let at = joined + second * 1_000;
            let called = (at - 3_000) / 100;
            let standing = if at < 3_000 {
                Standing::Gathering
            } else if place(number) >= called.unsigned_abs() {
                Standing::Waiting
            } else {
                Standing::Called
            };
            events.push(event(number, at, Asked::Poll, Told::State(state(number, standing), None)));
            if standing == Standing::Called {
                let admitted = at + 100;
                let pass = Told::Pass(pass(number, admitted));
                events.push(event(number, admitted, Asked::Take, pass));
                events.push(event(number, admitted + 700, Asked::Leave, Told::Left));
                break;
            }
        }
    }
    (Course::new(BOUNDS), events)
}

fn judged(course: &Course, mut events: Vec<Event>) -> Verdict<Counts> {
    events.sort_by_key(|event| event.answered);
    judge(course, &events)
}

/// The promises that are broken.
fn broken(course: &Course, events: Vec<Event>) -> Vec<&'static str> {
    judged(course, events).broken.into_iter().map(|broken| broken.promise).collect()
}

#[track_caller]
fn assert_breaks(promise: &str, spoil: impl FnOnce(&mut Course, &mut Vec<Event>)) {
    let (mut course, mut events) = good();
    spoil(&mut course, &mut events);
    let verdict = judged(&course, events);
    let found: Vec<&str> = verdict.broken.iter().map(|broken| broken.promise).collect();
    assert_eq!(found.len(), 1, "{verdict}");
    assert!(found[0].starts_with(promise), "{verdict}");
}

fn find(events: &mut [Event], citizen: u32, asked: Asked) -> &mut Event {
    let mut found = events.iter_mut().filter(|event| event.citizen == citizen);
    found.find(|event| event.asked == asked).expect("everybody does everything")
}

/// The last poll of a citizen that was told to wait.
fn last_wait(events: &[Event], citizen: u32) -> Event {
    let of_citizen = events.iter().filter(|event| event.citizen == citizen && event.is_poll());
    let mut waits = of_citizen
        .filter(|event| event.state().is_some_and(|state| state.standing == Standing::Waiting));
    waits.next_back().expect("waited").clone()
}

fn at_place(place_wanted: u64) -> u32 {
    (0..PEOPLE).find(|number| place(*number) == place_wanted).expect("a permutation")
}

#[test]
fn a_good_history_is_good() {
    let (course, events) = good();
    let verdict = judged(&course, events);
    assert!(verdict.is_kept(), "{verdict}");
    assert_eq!((verdict.seen.joined, verdict.seen.called, verdict.seen.passes), (60, 60, 60));
    assert_eq!(verdict.seen.poll_p99_ms, 5);
}

#[test]
fn a_history_in_which_nothing_happens_shows_nothing() {
    let course = Course::new(BOUNDS);
    assert_eq!(broken(&course, Vec::new()), ["the run shows something"]);
}

#[test]
fn entries() {
    assert_breaks("P8", |_, events| {
        for event in events.iter_mut().filter(|event| event.citizen == 3) {
            if let Told::State(state, _) = &mut event.told {
                state.entry = 4;
            }
        }
    });
    // Another epoch or another lane counts anew.
    let another_epoch = |state: &mut TicketState| state.epoch = 2;
    let another_lane = |state: &mut TicketState| state.lane = "hotline".to_owned();
    for change in [another_epoch as fn(&mut TicketState), another_lane] {
        let (course, mut events) = good();
        for event in events.iter_mut().filter(|event| event.citizen == 3) {
            if let Told::State(state, _) = &mut event.told {
                state.entry = 4;
                change(state);
            }
        }
        assert_eq!(broken(&course, events), [""; 0]);
    }
}

#[test]
fn passes() {
    assert_breaks("P9", |_, events| {
        let mut again = find(events, 5, Asked::Take).clone();
        again.sent += 50;
        again.answered += 50;
        again.told = Told::Pass(Pass { id: "another".to_owned(), ..pass(5, again.sent) });
        events.push(again);
    });
    assert_breaks("P9", |_, events| {
        let other = find(events, 6, Asked::Take).pass().expect("a pass").id.clone();
        let taken = find(events, 5, Asked::Take);
        let expires_at = taken.pass().expect("a pass").expires_at;
        taken.told = Told::Pass(Pass { id: other, expires_at });
    });
    // Nobody has a subject before the first ticket.
    let (course, mut events) = good();
    let mut early = find(&mut events, 5, Asked::Join).clone();
    early.sent -= 50;
    early.answered -= 50;
    early.told = refused(503, "unavailable");
    events.push(early);
    assert_eq!(broken(&course, events), [""; 0]);
    // Two tickets of one person have one pass.
    let (course, mut events) = good();
    for event in &mut events {
        if event.citizen == 5
            && let Told::State(state, _) = &mut event.told
        {
            state.subject = Some("subject 6".to_owned());
        }
    }
    let pass = find(&mut events, 6, Asked::Take).told.clone();
    find(&mut events, 5, Asked::Take).told = pass;
    let found = broken(&course, events);
    assert!(!found.iter().any(|promise| promise.starts_with("P9")), "{found:?}");
}

#[test]
fn order() {
    let overtake = |events: &mut Vec<Event>| {
        // The person at place 15 keeps waiting long after others behind were called.
        let mut late = last_wait(events, at_place(15));
        events.retain(|event| {
            event.citizen != at_place(15) || event.sent <= late.sent && event.asked != Asked::Take
        });
        late.sent = 9_500;
        late.answered = 9_505;
        events.push(late);
    };
    assert_breaks("P10", |_, events| overtake(events));
    // While the store is away instances know differently much, and so they do a little later.
    let (mut course, mut events) = good();
    overtake(&mut events);
    course.away.push(Span { from: 6_000, until: 9_400 });
    assert_eq!(broken(&course, events), [""; 0]);
    let (mut course, mut events) = good();
    overtake(&mut events);
    course.away.push(Span { from: 3_000, until: 6_000 });
    assert_eq!(broken(&course, events).len(), 1);
}

#[test]
fn pace_and_room() {
    assert_breaks("P11: admissions", |_, events| {
        // The same three times as fast.
        for event in events {
            event.sent /= 3;
            event.answered = event.sent + 5;
            if event.asked == Asked::Take {
                event.told = Told::Pass(pass(event.citizen, event.sent));
            }
        }
    });
    assert_breaks("P11: no more", |_, events| {
        events.retain(|event| event.asked != Asked::Leave);
    });
    assert_breaks("P11: a pass is valid", |_, events| {
        let taken = find(events, at_place(30), Asked::Take);
        taken.told = Told::Pass(Pass { expires_at: 3_600_000, ..pass(at_place(30), 0) });
    });
    // What the store forgot is not counted.
    let (mut course, mut events) = good();
    events.retain(|event| event.asked != Asked::Leave);
    course.forgot = vec![5_500, 7_500];
    assert_eq!(broken(&course, events), [""; 0]);
}

#[test]
fn whole_seconds_accuse_nobody() {
    let (course, mut events) = good();
    for event in &mut events {
        if let Told::Pass(pass) = &mut event.told {
            pass.expires_at -= pass.expires_at.rem_euclid(1_000);
        }
    }
    assert_eq!(broken(&course, events), [""; 0]);
}

#[test]
fn tickets() {
    for (status, code) in [(401, "ticket-invalid"), (404, "room-not-found"), (410, "room-closed")] {
        assert_breaks("P12: a ticket", |_, events| {
            find(events, 7, Asked::Poll).told = refused(status, code);
        });
    }
    assert_breaks("P12: a ticket", |_, events| {
        let mut early = find(events, 7, Asked::Take).clone();
        early.told = refused(409, "pass-used");
        early.sent -= 50;
        early.answered -= 50;
        events.push(early);
    });
    assert_breaks("P12: a ticket", |_, events| {
        let mut changed = last_wait(events, at_place(20));
        changed.sent += 10;
        changed.answered += 10;
        if let Told::State(state, _) = &mut changed.told {
            state.entry = 99;
        }
        events.push(changed);
    });
    // A pass that was given back is used.
    let (course, mut events) = good();
    let mut again = find(&mut events, 7, Asked::Leave).clone();
    again.asked = Asked::Take;
    again.sent += 500;
    again.answered += 500;
    again.told = refused(409, "pass-used");
    events.push(again);
    assert_eq!(broken(&course, events), [""; 0]);
    // Where nobody knows the room, nobody can honour anything.
    let (mut course, mut events) = good();
    let poll = find(&mut events, 7, Asked::Poll);
    poll.told = refused(404, "room-not-found");
    course.unknown.push(poll.span());
    assert_eq!(broken(&course, events), [""; 0]);
}

#[test]
fn places() {
    let changed = |standing, place: Option<u64>| {
        move |_: &mut Course, events: &mut Vec<Event>| {
            let mut worse = last_wait(events, at_place(20));
            worse.sent += 10;
            worse.answered += 10;
            if let Told::State(state, _) = &mut worse.told {
                state.place = place;
                state.standing = standing;
            }
            events.push(worse);
        }
    };
    assert_breaks("P12: a place", changed(Standing::Waiting, Some(30)));
    assert_breaks("P12: a place", changed(Standing::Waiting, None));
    assert_breaks("P12: a place", changed(Standing::Gathering, Some(20)));
}

#[test]
fn whoever_is_called_gets_in() {
    assert_breaks("P12: whoever", |_, events| {
        let mut kept_out = find(events, at_place(0), Asked::Take).clone();
        kept_out.told = refused(409, "not-your-turn");
        events.retain(|event| {
            event.citizen != kept_out.citizen || matches!(event.asked, Asked::Join | Asked::Poll)
        });
        for wait in [0, 7_000, 16_000] {
            let sent = kept_out.sent + wait;
            events.push(Event { sent, answered: sent + 5, ..kept_out.clone() });
        }
    });
}

#[test]
fn answers() {
    assert_breaks("P13: polls are answered", |_, events| {
        find(events, 8, Asked::Poll).told = Told::Nothing { why: "no reply".to_owned() };
    });
    assert_breaks("P13: polls are answered", |_, events| {
        find(events, 8, Asked::Poll).told = refused(503, "unavailable");
    });
    assert_breaks("P13: polls are answered within", |_, events| {
        for citizen in 0..PEOPLE {
            find(events, citizen, Asked::Poll).answered += 300;
        }
    });
    assert_breaks("P14", |_, events| find(events, 8, Asked::Leave).answered += 6_000);
    // From an instance that is gone there is no answer, and a stopped machine is slow.
    let (mut course, mut events) = good();
    course.down.push((0, Span { from: 1_000, until: 2_100 }));
    course.slow.push(Span { from: 2_200, until: 2_999 });
    find(&mut events, 8, Asked::Poll).told = Told::Nothing { why: "no connection".to_owned() };
    for event in events.iter_mut().filter(|event| (2_200..2_990).contains(&event.sent)) {
        event.answered += 300;
    }
    assert_eq!(broken(&course, events), [""; 0]);
}

#[test]
fn a_busy_machine_excuses_no_more_than_it_took() {
    let late = |instance, ms, answered_later| {
        let (mut course, mut events) = good();
        for citizen in 0..PEOPLE {
            find(&mut events, citizen, Asked::Poll).answered += answered_later;
        }
        course.waits.push(Wait { instance, ms, span: Span { from: 900, until: 2_500 } });
        broken(&course, events)
    };
    assert_eq!(late(Some(0), 150, 300), [""; 0]);
    assert_eq!(late(None, 150, 300), [""; 0]);
    assert_eq!(late(Some(0), 50, 300).len(), 1);
    assert_eq!(late(Some(1), 150, 300).len(), 1);
}

#[test]
fn calls_go_on() {
    let heal_at = |at, quiet_ms| {
        move |course: &mut Course, _: &mut Vec<Event>| course.heals.push(Heal { at, quiet_ms })
    };
    assert_breaks("P18", heal_at(9_900, 0));
    assert_breaks("P18", |course, events| {
        heal_at(1_500, 0)(course, events);
        for event in events.iter_mut().filter(|event| event.sent > 3_000) {
            event.sent += 12_000;
            event.answered += 12_000;
            if let Told::Pass(pass) = &mut event.told {
                pass.expires_at += 12_000;
            }
        }
    });
    let (mut course, events) = good();
    course.heals = vec![Heal { at: 1_500, quiet_ms: 0 }, Heal { at: 6_000, quiet_ms: 2_000 }];
    assert_eq!(broken(&course, events), [""; 0]);
}

#[test]
fn an_instance_that_ended_is_told() {
    assert_breaks("the run goes", |course, _| course.troubles.push("instance 1 ended".to_owned()));
}
