//! The rules about answers.

use super::*;
use crate::booking::stage::DRAIN_MS;

#[test]
fn requests_are_answered_unless_the_instance_is_down() {
    let unanswered = |story: &mut Story| {
        let why = "no reply in time".to_owned();
        story.events.push(event(2, 150, book(2), Told::Nothing { why }));
    };
    assert_breaks("P14: nothing", unanswered);
    assert_keeps(|story| {
        unanswered(story);
        story.course.down.push((0, Span { from: 152, until: 300 }));
    });
}

#[test]
fn replies_come_in_time_but_for_a_busy_machine() {
    let slow = |story: &mut Story| story.events[20].answered += 6_010;
    assert_breaks("P14: every reply", slow);
    assert_keeps(|story| {
        slow(story);
        let sent = story.events[20].sent;
        let span = Span { from: sent + 100, until: sent + 300 };
        story.course.waits.push(Wait { instance: None, ms: 150, span });
    });
}

#[test]
fn a_refusal_says_when_to_come_back() {
    let put_off = |has_retry_after| {
        move |story: &mut Story| {
            let code = "unavailable".to_owned();
            let told = Told::Refused { status: 503, code, has_retry_after };
            story.events.push(event(3, 290, book(3), told));
        }
    };
    assert_keeps(put_off(true));
    assert_breaks("P14: a refusal for now", put_off(false));
}

#[test]
fn nobody_is_put_off_for_ever() {
    assert_breaks("P14: everybody", |story| {
        story.events.push(event(90, 290, book(90), refused(503, "unavailable")));
    });
    assert_breaks("P14: everybody", |story| {
        story.events.push(event(90, 290, book(90), refused(409, "request-in-progress")));
    });
}

#[test]
fn refusals_make_sense() {
    assert_keeps(|story| story.events.push(event(90, 290, book(90), refused(409, "slot-full"))));
    // Sent again where it came upon a connection that was being closed.
    assert_keeps(|story| {
        story.events.push(event(90, 290, book(90), refused(408, "")));
        story.events.push(event(90, 390, book(90), refused(409, "slot-full")));
    });
    assert_breaks("P14: everybody", |story| {
        story.events.push(event(90, 290, book(90), refused(408, "")));
    });
    for (status, code) in [(500, "internal"), (404, "hold-not-found"), (409, "pass-ended")] {
        assert_breaks("P14: a refusal makes", |story| {
            story.events.push(event(90, 290, book(90), refused(status, code)));
            // A failure is asked for again.
            story.events.push(event(90, 390, book(90), refused(409, "slot-full")));
        });
    }
}

#[test]
fn all_instances_write_again_in_time() {
    assert_keeps(|story| story.course.heals.push(2_000));
    assert_breaks("P14: within", |story| story.course.heals.push(3_900));
    assert_breaks("P14: within", |story| {
        story.course.heals.push(3_000);
        story.events.retain(|event| event.instance == 0 || event.sent < 3_000);
        story.events.push(event(1, 13_010, book(1), booked(1)));
        let numbers: Vec<u32> = (30..PEOPLE).filter(|number| number % 2 == 1).collect();
        story.database.slots[0].taken -= i64::try_from(numbers.len()).expect("few");
        story.database.bookings.retain(|row| !numbers.iter().any(|it| it.to_string() == row.id));
    });
}

#[test]
fn one_instance_in_trouble_stops_no_other() {
    let alone = |until| {
        move |story: &mut Story| {
            story.course.alone.push((0, Span { from: 3_000, until }));
        }
    };
    assert_keeps(alone(9_900));
    assert_breaks("P20", alone(9_950));
}

#[test]
fn a_database_that_refuses_at_once_makes_nobody_wait() {
    let refuses = |took_ms: i64| {
        move |story: &mut Story| {
            story.course.refusing.push(Span { from: 200, until: 3_900 });
            let refusal = event(3, 310, book(3), refused(503, "unavailable"));
            story.events.push(Event { answered: 310 + took_ms, ..refusal });
        }
    };
    assert_keeps(refuses(2_500));
    assert_breaks("P14: what cannot", refuses(2_501));
}

#[test]
fn who_breaks_off_leaves_nothing_behind() {
    assert_breaks("P14: what broke off", |story| {
        story.course.left_behind.push("a socket".to_owned());
    });
}

#[test]
fn who_is_told_to_end_answers_what_arrived_before() {
    // It listens until 1,300, and is back at 3,000.
    let asks_at = |sent| {
        move |story: &mut Story| {
            story.course.stops.push((1, 1_300 - DRAIN_MS));
            story.course.down.push((1, Span { from: 1_300, until: 3_000 }));
            story.events.retain(|event| event.citizen != 13);
            story.database.bookings.retain(|row| row.id != "13");
            story.database.slots[0].taken -= 1;
            let why = "the connection broke".to_owned();
            let broken = event(15, sent, book(15), Told::Nothing { why });
            story.events.push(Event { answered: 1_400, ..broken });
        }
    };
    assert_breaks("P16", asks_at(1_090));
    assert_keeps(asks_at(1_110));
}

#[test]
fn who_misbehaves_harms_nobody() {
    let calm = |spoil: fn(&mut Vec<Event>)| {
        move |story: &mut Story| {
            story.course.calm.push(Span { from: 200, until: 3_900 });
            spoil(&mut story.events);
        }
    };
    let refusal = |sent| event(3, sent, book(3), refused(503, "unavailable"));
    assert_keeps(calm(|_| {}));
    assert_keeps(calm(|events| events[20].answered += 1_990));
    assert_breaks("P20: clients", calm(|events| events[20].answered += 2_010));
    assert_breaks("P20: clients", |story| {
        calm(|_| {})(story);
        story.events.push(refusal(290));
    });
    assert_keeps(|story| {
        calm(|_| {})(story);
        story.events.push(refusal(190));
    });
}
