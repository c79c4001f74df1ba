//! Made-up histories: a good one, and for every rule one that breaks it and nothing else.

mod answers;
mod letters;
mod offers;

use serde_json::{Value, json};

use super::*;
use crate::booking::database::{EventsRow, HoldRow, SlotRow};
use crate::booking::history::Booked;
use crate::clock::Span;

const PEOPLE: u32 = 40;
/// Who cancels.
const CANCELS: u32 = 7;
/// Who moves to the other slot.
const MOVES: u32 = 6;
/// Who holds two seats, books one and gives the other back.
const HOLDS: u32 = 8;
/// Whose hold is still open at the end.
const HOLDS_ON: u32 = 9;

/// What a run left behind.
struct Story {
    course: Course,
    events: Vec<Event>,
    database: Database,
    letters: Vec<Letter>,
}

fn event(citizen: u32, sent: i64, asked: Asked, told: Told) -> Event {
    let instance = citizen as usize % 2;
    Event { citizen, instance, sent, answered: sent + 5, asked, told }
}

fn body(number: u32) -> Value {
    json!({"id": format!("booking_{number}"), "slot": "slot", "code": format!("code {number}"),
        "status": "confirmed", "manage_token": format!("token {number}")})
}

fn booked(number: u32) -> Told {
    Told::Booked(Booked {
        id: format!("booking_{number}"),
        slot: "slot".to_owned(),
        code: format!("code {number}"),
        body: body(number),
    })
}

fn refused(status: u16, code: &str) -> Told {
    Told::Refused { status, code: code.to_owned(), has_retry_after: true }
}

fn book(number: u32) -> Asked {
    Asked::Book { key: format!("key {number}"), person: number as usize }
}

fn held(number: u32) -> Told {
    Told::Held(format!("hold_{number}"), json!({"id": format!("hold_{number}")}))
}

fn row(number: u32) -> BookingRow {
    BookingRow {
        id: number.to_string(),
        slot: "slot".to_owned(),
        code: format!("code {number}"),
        status: "confirmed".to_owned(),
        hold: None,
        pass: format!("pass {number}"),
        person_key: format!("person {number}"),
    }
}

/// In each tenth of a second somebody comes, books, asks again under the same key and reads the booking.
fn good() -> Story {
    let mut events = Vec::new();
    let mut bookings = Vec::new();
    for number in 0..PEOPLE {
        let at = i64::from(number) * 100;
        let hold = format!("hold_{number}");
        let mut row = row(number);
        match number {
            HOLDS => {
                let key = format!("key {number}");
                events.push(event(number, at, Asked::Hold { key: key.clone() }, held(number)));
                let key = format!("{key} seat");
                let asked = Asked::Confirm { key, person: number as usize, hold: hold.clone() };
                events.push(event(number, at + 10, asked, booked(number)));
                events.push(event(number, at + 20, Asked::Release { hold }, Told::Released));
                row.hold = Some(number.to_string());
            }
            HOLDS_ON => {
                let key = format!("key {number}");
                events.push(event(number, at, Asked::Hold { key }, held(number)));
                continue;
            }
            _ => {
                events.push(event(number, at, book(number), booked(number)));
                events.push(event(number, at + 20, book(number), booked(number)));
            }
        }
        let booking = format!("booking_{number}");
        if number == CANCELS {
            events.push(event(number, at + 40, Asked::Cancel { booking }, Told::Cancelled));
            "cancelled".clone_into(&mut row.status);
        } else if number == MOVES {
            let asked = Asked::Move { booking, slot: "other".to_owned() };
            events.push(event(number, at + 40, asked, Told::Moved("other".to_owned())));
            "other".clone_into(&mut row.slot);
        } else {
            let shown = Told::Shown(without_token(number));
            events.push(event(number, at + 60, Asked::Show { booking }, shown));
        }
        bookings.push(row);
    }
    let hold = |number: u32, seats_booked, state: &str| HoldRow {
        id: number.to_string(),
        slot: "slot".to_owned(),
        seats: 2,
        seats_booked,
        state: state.to_owned(),
    };
    // Two seats are still held; one booking was cancelled, one is elsewhere, and who holds on has none.
    let taken = i64::from(PEOPLE) - 1;
    let slot = |id: &str, taken| SlotRow {
        id: id.to_owned(),
        capacity: 100,
        released: 90,
        taken,
        reserved: 0,
    };
    let slots = vec![slot("slot", taken), slot("other", 1)];
    let holds = vec![hold(HOLDS, 1, "released"), hold(HOLDS_ON, 0, "active")];
    let course = Course { instances: 2, ..Course::default() };
    let mut database = Database { slots, holds, bookings, ..Database::default() };
    retell(&mut database);
    Story { course, events, database, letters: Vec::new() }
}

/// Writes the events anew that the rows tell of.
fn retell(database: &mut Database) {
    let events = told_by(database);
    chain_up(database, &events);
}

fn told_by(database: &Database) -> Vec<Value> {
    let mut events = Vec::new();
    for row in &database.bookings {
        let id = format!("booking_{}", row.id);
        events.push(json!({"what": "booked", "booking": id, "slot": "slot"}));
        if row.slot != "slot" {
            events.push(json!({"what": "moved", "booking": id, "from": "slot", "to": row.slot}));
        }
        if !row.is_confirmed() {
            events.push(json!({"what": "cancelled", "booking": id, "slot": row.slot}));
        }
        events.push(json!({"what": "places_freed", "slot": "slot", "places": 1}));
    }
    for row in &database.offers {
        let id = format!("offer_{}", row.id);
        events.push(json!({"what": "offer_made", "offer": id, "slot": row.slot}));
        if !row.is_open() {
            events.push(json!({"what": format!("offer_{}", row.state), "offer": id}));
        }
    }
    events
}

/// Two in a transaction.
fn chain_up(database: &mut Database, events: &[Value]) {
    let (mut number, mut hash) = (0, chain::Hash::default());
    let links = events.chunks(2).map(|events| {
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        hash = texts.iter().fold(hash, |hash, text| chain::after(&hash, "drive", text));
        let first = number + 1;
        number += events.len() as u64;
        let (campaign, text) = ("drive".to_owned(), format!("[{}]", texts.join(",")));
        EventsRow { campaign, first, last: number, text, hash: chain::hex(&hash) }
    });
    database.events = links.collect();
}

fn without_token(number: u32) -> Value {
    let mut body = body(number);
    body.as_object_mut().expect("an object").remove("manage_token");
    body
}

fn judged(mut story: Story) -> Verdict<Counts> {
    story.events.sort_by_key(|event| event.answered);
    judge(&story.course, &story.events, &story.database, &story.letters)
}

/// Breaks that promise and no other, though the events tell what the rows hold.
#[track_caller]
fn assert_breaks(promise: &str, spoil: impl FnOnce(&mut Story)) {
    assert_breaks_as_it_is(promise, |story| {
        spoil(story);
        retell(&mut story.database);
    });
}

#[track_caller]
fn assert_breaks_as_it_is(promise: &str, spoil: impl FnOnce(&mut Story)) {
    let mut story = good();
    spoil(&mut story);
    let broken: Vec<_> = judged(story).broken.into_iter().map(|broken| broken.promise).collect();
    assert!(matches!(broken[..], [only] if only.starts_with(promise)), "{broken:?}");
}

#[track_caller]
fn assert_keeps(change: impl FnOnce(&mut Story)) {
    let mut story = good();
    change(&mut story);
    retell(&mut story.database);
    let verdict = judged(story);
    assert!(verdict.is_kept(), "{verdict}");
}

fn row_of(story: &mut Story, number: u32) -> &mut BookingRow {
    let mut rows = story.database.bookings.iter_mut();
    rows.find(|row| row.id == number.to_string()).expect("a row")
}

#[test]
fn a_good_run_keeps_all_promises() {
    let verdict = judged(good());
    assert!(verdict.is_kept(), "{verdict}");
    let attempts = 2 * (PEOPLE as usize - 2) + 1;
    let expected =
        Counts { attempts, booked: PEOPLE as usize - 1, slowest_ms: 5, ..Counts::default() };
    assert_eq!(verdict.seen, expected);
}

#[test]
fn more_places_than_released_cannot_be_taken() {
    assert_breaks("P1: taken", |story| story.database.slots[0].released = 38);
    assert_breaks("P1: taken", |story| story.database.slots[0].capacity = 80);
}

#[test]
fn each_taken_place_is_somebodys() {
    assert_breaks("P1, P5, P7", |story| story.database.slots[0].taken += 1);
    assert_breaks("P1, P5, P7", |story| story.database.slots[0].taken -= 1);
    assert_breaks("P1, P5, P7", |story| "released".clone_into(&mut story.database.holds[1].state));
}

#[test]
fn a_booking_that_was_told_is_there() {
    assert_breaks("P2: what", |story| {
        story.database.bookings.retain(|row| row.id != "3");
        story.database.slots[0].taken -= 1;
    });
    assert_breaks("P2: what", |story| "other".clone_into(&mut row_of(story, 3).code));
    assert_breaks("P2: what", |story| {
        "cancelled".clone_into(&mut row_of(story, 3).status);
        story.database.slots[0].taken -= 1;
    });
    assert_breaks("P2: what", |story| {
        story.database.holds.pop();
        story.database.slots[0].taken -= 2;
    });
}

#[test]
fn a_booking_reads_as_it_was_made() {
    assert_breaks("P2: a booking", |story| {
        for event in &mut story.events {
            if let (3, Told::Shown(body)) = (event.citizen, &mut event.told) {
                body["code"] = json!("other");
            }
        }
    });
}

#[test]
fn one_key_has_one_reply() {
    assert_breaks("P3: one key", |story| {
        let mut again = booked(3);
        if let Told::Booked(told) = &mut again {
            told.body["manage_token"] = json!("other");
        }
        story.events.push(event(3, 5_000, book(3), again));
    });
}

#[test]
fn what_happens_is_told() {
    assert_breaks("P3: nothing", |story| {
        story.database.bookings.push(row(PEOPLE));
        story.database.slots[0].taken += 1;
    });
    assert_breaks("P3: nothing", |story| {
        let hold = HoldRow { id: "99".to_owned(), ..story.database.holds[0].clone() };
        story.database.holds.push(HoldRow { seats_booked: 0, ..hold });
    });
}

#[test]
fn nobody_is_booked_twice() {
    assert_breaks("P4", |story| "person 2".clone_into(&mut row_of(story, 3).person_key));
    assert_keeps(|story| "person 2".clone_into(&mut row_of(story, CANCELS).person_key));
}

#[test]
fn nobody_is_told_of_two_bookings() {
    let for_whom = |person| {
        move |story: &mut Story| {
            for event in &mut story.events {
                if let (3, Asked::Book { person: number, .. }) = (event.citizen, &mut event.asked) {
                    *number = person;
                }
            }
        }
    };
    assert_breaks("P4: nobody", for_whom(2));
    assert_keeps(for_whom(CANCELS as usize));
}

#[test]
fn what_is_cancelled_stays_so() {
    assert_breaks("P5: what", |story| {
        "confirmed".clone_into(&mut row_of(story, CANCELS).status);
        story.database.slots[0].taken += 1;
    });
}

#[test]
fn what_is_moved_is_in_its_new_slot_only() {
    assert_breaks("P6", |story| {
        "slot".clone_into(&mut row_of(story, MOVES).slot);
        story.database.slots[0].taken += 1;
        story.database.slots[1].taken -= 1;
    });
    // The place it left is free again, and the new one taken.
    assert_breaks("P1, P5, P7", |story| story.database.slots[0].taken += 1);
    assert_breaks("P1, P5, P7", |story| story.database.slots[1].taken -= 1);
}

#[test]
fn the_chain_of_events_is_whole() {
    let breaks = |spoil: fn(&mut Vec<EventsRow>)| {
        assert_breaks_as_it_is("the chain", |story| spoil(&mut story.database.events));
    };
    breaks(|events| events[3].text = events[3].text.replacen('}', " }", 1));
    breaks(|events| events[3].hash = events[4].hash.clone());
    breaks(|events| events[3].last += 1);
    breaks(|events| {
        for row in &mut events[3..] {
            (row.first, row.last) = (row.first + 1, row.last + 1);
        }
    });
}

#[test]
fn events_tell_what_the_rows_hold() {
    assert_breaks_as_it_is("events tell", |story| {
        let rows = std::mem::take(&mut story.database.bookings);
        story.database.bookings = rows[1..].to_vec();
        retell(&mut story.database);
        story.database.bookings = rows;
    });
    assert_breaks_as_it_is("events tell", |story| {
        let rows = story.database.bookings.clone();
        row_of(story, CANCELS).status = "confirmed".to_owned();
        retell(&mut story.database);
        story.database.bookings = rows;
    });
}

#[test]
fn a_hold_has_the_bookings_it_counts() {
    assert_breaks("P7", |story| row_of(story, 3).hold = Some(HOLDS.to_string()));
    assert_breaks("P7", |story| row_of(story, HOLDS).hold = None);
}

#[test]
fn a_pass_is_for_four() {
    let share = |story: &mut Story, seats: u32| {
        for number in 0..seats {
            "one".clone_into(&mut row_of(story, number).pass);
        }
    };
    assert_keeps(|story| share(story, 4));
    assert_breaks("P9", |story| share(story, 5));
}

#[test]
fn a_run_must_show_something() {
    assert_breaks("the run shows", |story| {
        let number = |event: &Event| event.citizen;
        story.events.retain(|event| number(event) < 20);
        story.database.bookings.retain(|row| row.id.parse::<u32>().is_ok_and(|id| id < 20));
        story.database.slots[0].taken -= 20;
    });
    assert_breaks("the run goes", |story| story.course.troubles.push("stuck".to_owned()));
}
