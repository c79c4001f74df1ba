//! The rules about the waitlist.

use super::*;
use crate::booking::database::{EntryRow, OfferRow};

/// Who got a place by an offer.
const MOVES_UP: u32 = 100;
/// Who declined one, and left.
const DECLINES: u32 = 101;
/// Who came too late, and waits on.
const LATE: u32 = 102;
/// Whose offer is still open.
const OFFERED: u32 = 103;
const MADE_AT: i64 = 4_000;
const EXPIRES_AT: i64 = 5_000;

fn entry(number: u32, state: &str) -> EntryRow {
    let booking = (state == "booked").then(|| number.to_string());
    EntryRow {
        id: number.to_string(),
        state: state.to_owned(),
        booking,
        pass: format!("pass {number}"),
        person_key: format!("person {number}"),
    }
}

fn offer(number: u32, state: &str, ended_at: Option<i64>) -> OfferRow {
    OfferRow {
        id: number.to_string(),
        entry: number.to_string(),
        slot: "slot".to_owned(),
        state: state.to_owned(),
        expires_at: EXPIRES_AT,
        ended_at,
    }
}

fn accept(number: u32) -> Asked {
    Asked::Accept {
        key: format!("accept {number}"),
        person: number as usize,
        entry: format!("wait_{number}"),
        offer: format!("offer_{number}"),
    }
}

/// All is taken, and four people wait.
fn waits(story: &mut Story) {
    let Story { events, database, .. } = story;
    for number in [MOVES_UP, DECLINES, LATE, OFFERED] {
        let id = format!("wait_{number}");
        let asked = Asked::Join { key: format!("turn {number}"), person: number as usize };
        let told = Told::Joined(id.clone(), json!({"id": id}));
        events.push(event(number, MADE_AT - 100, asked, told));
    }
    events.push(event(MOVES_UP, MADE_AT + 100, accept(MOVES_UP), booked(MOVES_UP)));
    let (entry_id, offer_id) = (format!("wait_{DECLINES}"), format!("offer_{DECLINES}"));
    let declines = Asked::Decline { entry: entry_id, offer: offer_id, stay: false };
    events.push(event(DECLINES, MADE_AT + 200, declines, Told::Declined));
    events.push(event(LATE, EXPIRES_AT, accept(LATE), refused(409, "offer-expired")));
    database.bookings.push(row(MOVES_UP));
    database.entries = vec![
        entry(MOVES_UP, "booked"),
        entry(DECLINES, "left"),
        entry(LATE, "waiting"),
        entry(OFFERED, "waiting"),
    ];
    database.offers = vec![
        offer(MOVES_UP, "accepted", Some(MADE_AT + 101)),
        offer(DECLINES, "declined", Some(MADE_AT + 201)),
        offer(LATE, "expired", Some(EXPIRES_AT)),
        offer(OFFERED, "open", None),
    ];
    database.slots[0].taken += 1;
    database.slots[0].reserved = 1;
    database.slots[0].released = database.slots[0].taken + 1;
    database.slots[1].released = database.slots[1].taken;
}

fn breaks(promise: &str, spoil: impl FnOnce(&mut Story)) {
    assert_breaks(promise, |story| {
        waits(story);
        spoil(story);
    });
}

fn keeps(change: impl FnOnce(&mut Story)) {
    assert_keeps(|story| {
        waits(story);
        change(story);
    });
}

fn offer_of(story: &mut Story, number: u32) -> &mut OfferRow {
    let mut offers = story.database.offers.iter_mut();
    offers.find(|row| row.id == number.to_string()).expect("an offer")
}

fn entry_of(story: &mut Story, number: u32) -> &mut EntryRow {
    let mut entries = story.database.entries.iter_mut();
    entries.find(|row| row.id == number.to_string()).expect("an entry")
}

#[test]
fn a_good_waitlist_keeps_all_promises() {
    keeps(|_| {});
}

#[test]
fn what_is_kept_for_them_is_not_given_away() {
    breaks("P1: taken", |story| story.database.slots[0].released -= 1);
    breaks("P1: taken", |story| story.database.slots[1].reserved = -1);
}

#[test]
fn who_waits_is_there_and_asked_for_it() {
    breaks("P5: who was told", |story| {
        story.database.entries.retain(|row| row.id != LATE.to_string());
    });
    breaks("P5: who was told", |story| story.database.entries.push(entry(104, "waiting")));
    breaks("P5: who was told", |story| "left".clone_into(&mut entry_of(story, LATE).state));
    breaks("P5: who was told", |story| {
        let late = entry_of(story, LATE);
        "booked".clone_into(&mut late.state);
        late.booking = Some("another".to_owned());
    });
}

#[test]
fn who_waits_has_no_place_and_no_second_entry() {
    breaks("P4: one", |story| "person 2".clone_into(&mut entry_of(story, LATE).person_key));
    breaks("P4: one", |story| entry_of(story, LATE).person_key = format!("person {OFFERED}"));
}

#[test]
fn waiting_takes_a_seat_of_the_pass() {
    let share = |story: &mut Story, seats: u32| {
        for number in 0..seats {
            "one".clone_into(&mut row_of(story, number).pass);
        }
        "one".clone_into(&mut entry_of(story, LATE).pass);
    };
    keeps(|story| share(story, 3));
    breaks("P9", |story| share(story, 4));
}

#[test]
fn an_offer_ends_once() {
    let tells = |change: fn(&mut Vec<Value>)| {
        assert_breaks_as_it_is("P5: an offer ends", |story| {
            waits(story);
            let mut events = told_by(&story.database);
            change(&mut events);
            chain_up(&mut story.database, &events);
        });
    };
    let late = json!({"what": "offer_expired", "offer": format!("offer_{LATE}")});
    assert!(
        told_by(&{
            let mut story = good();
            waits(&mut story);
            story.database
        })
        .contains(&late)
    );
    tells(|events| events.extend(events.last().cloned()));
    tells(|events| {
        events.push(json!({"what": "offer_accepted", "offer": format!("offer_{LATE}")}));
    });
    tells(|events| {
        events.push(json!({"what": "offer_withdrawn", "offer": format!("offer_{MOVES_UP}")}));
    });
    tells(|events| events.retain(|event| event["what"] != "offer_expired"));
    tells(|events| events.push(json!({"what": "offer_made", "offer": "offer_999"})));
}

#[test]
fn a_deadline_holds_on_both_sides() {
    breaks("P5: an offer is", |story| offer_of(story, MOVES_UP).ended_at = Some(EXPIRES_AT));
    breaks("P5: an offer is", |story| offer_of(story, LATE).ended_at = Some(EXPIRES_AT - 1));
}

#[test]
fn what_is_answered_is_what_became_of_it() {
    breaks("P5: an answer", |story| "withdrawn".clone_into(&mut offer_of(story, MOVES_UP).state));
    breaks("P5: an answer", |story| "withdrawn".clone_into(&mut offer_of(story, DECLINES).state));
    // Its time had not run out when that was said.
    breaks("P5: an answer", |story| {
        let late = offer_of(story, LATE);
        (late.expires_at, late.ended_at) = (EXPIRES_AT + 6, Some(EXPIRES_AT + 6));
    });
    breaks("P5: an answer", |story| {
        let told = refused(409, "already-booked");
        story.events.push(event(LATE, EXPIRES_AT, accept(LATE), told));
    });
}

#[test]
fn no_place_is_left_over_while_somebody_waits() {
    breaks("P5: no place", |story| story.database.slots[0].released += 1);
    breaks("P5: no place", |story| story.database.slots[1].released += 1);
    breaks("P5: no place", |story| {
        let offered = offer_of(story, OFFERED);
        (offered.state, offered.ended_at) = ("expired".to_owned(), Some(EXPIRES_AT));
    });
    // Nobody who waits wants it.
    keeps(|story| {
        let declined = OfferRow { id: "9".to_owned(), ..offer(LATE, "declined", Some(MADE_AT)) };
        story.database.offers.push(declined);
        story.database.slots[0].released += 1;
    });
}
