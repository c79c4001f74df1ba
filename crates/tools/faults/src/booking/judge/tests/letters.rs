//! The rules about letters.

use super::*;
use crate::booking::database::MailRow;

const DUE_AT: i64 = 4_500;

fn mail(id: &str, about: &str, kind: &str) -> MailRow {
    MailRow {
        id: id.to_owned(),
        kind: kind.to_owned(),
        about: about.to_owned(),
        status: "sent".to_owned(),
        reason: None,
        attempts: 1,
        due_at: 0,
    }
}

fn letter(id: &str, at: i64) -> Letter {
    Letter { at, id: id.to_owned(), text: format!("about {id}") }
}

fn confirmation(number: u32) -> String {
    format!("drive.{number}.confirmed.0")
}

/// Everybody who has booked is told so.
fn writes(story: &mut Story) {
    story.course.has_post = true;
    for row in &story.database.bookings {
        let id = confirmation(row.id.parse().expect("a number"));
        story.database.mails.push(mail(&id, &row.id, "confirmed"));
        story.letters.push(letter(&id, 100));
    }
}

fn breaks(promise: &str, spoil: impl FnOnce(&mut Story)) {
    assert_breaks(promise, |story| {
        writes(story);
        spoil(story);
    });
}

fn keeps(change: impl FnOnce(&mut Story)) {
    assert_keeps(|story| {
        writes(story);
        change(story);
    });
}

fn arrives_again(story: &mut Story, number: u32, text: &str) {
    let again = Letter { text: text.to_owned(), ..letter(&confirmation(number), 200) };
    story.letters.push(again);
}

fn same(number: u32) -> String {
    format!("about {}", confirmation(number))
}

#[test]
fn a_good_post_keeps_all_promises() {
    keeps(|_| {});
    // Where no letters are sent, none is missing.
    assert_keeps(|_| {});
}

#[test]
fn what_stands_as_sent_has_arrived() {
    let never_arrives = |story: &mut Story| {
        story.letters.retain(|letter| letter.id != confirmation(CANCELS));
    };
    breaks("P19: a letter that stands", never_arrives);
    keeps(|story| {
        never_arrives(story);
        for mail in &mut story.database.mails {
            if mail.id == confirmation(CANCELS) {
                "dropped".clone_into(&mut mail.status);
            }
        }
    });
}

#[test]
fn what_is_due_is_sent() {
    let unsent = |status: &str, kind: &str, due_at: i64| {
        let mut mail = mail("drive.900.x.0", "3", kind);
        (mail.status, mail.due_at) = (status.to_owned(), due_at);
        move |story: &mut Story| story.database.mails.push(mail)
    };
    breaks("P19: a letter that is due", unsent("pending", "moved", i64::MAX));
    breaks("P19: a letter that is due", unsent("failed", "moved", 0));
    breaks("P19: a letter that is due", unsent("pending", "reminder", 0));
    keeps(unsent("pending", "reminder", i64::MAX));
    keeps(unsent("dropped", "moved", 0));
}

#[test]
fn a_letter_tells_of_something_that_has_happened() {
    breaks("P19: a letter tells", |story| story.letters.push(letter("drive.900.moved.0", 100)));
    breaks("P19: a letter tells", |story| {
        story.database.mails.push(mail("drive.900.moved.0", "nobody's", "moved"));
        story.letters.push(letter("drive.900.moved.0", 100));
    });
}

#[test]
fn who_has_booked_is_told_once() {
    breaks("P19: who has booked", |story| {
        story.database.mails.retain(|mail| mail.id != confirmation(3));
        story.letters.retain(|letter| letter.id != confirmation(3));
    });
    breaks("P19: who has booked", |story| {
        story.database.mails.push(mail("drive.900.confirmed.0", "3", "confirmed"));
        story.letters.push(letter("drive.900.confirmed.0", 100));
    });
}

#[test]
fn a_letter_comes_again_only_where_somebody_died_over_it() {
    let dies_over = |story: &mut Story, number| story.course.cut_off.push(confirmation(number));
    breaks("P19: a letter comes", |story| arrives_again(story, 3, &same(3)));
    keeps(|story| {
        dies_over(story, 3);
        arrives_again(story, 3, &same(3));
    });
    breaks("P19: a letter comes", |story| dies_over(story, 3));
    // There was nothing to tell any more.
    keeps(|story| {
        dies_over(story, CANCELS);
        let mut mails = story.database.mails.iter_mut();
        let mail = mails.find(|mail| mail.id == confirmation(CANCELS)).expect("a letter");
        "dropped".clone_into(&mut mail.status);
    });
    breaks("P19: a letter comes", |story| {
        story.course.cut_off.push("drive.900.moved.0".to_owned());
    });
    breaks("P19: a letter comes", |story| {
        dies_over(story, 3);
        arrives_again(story, 3, "another");
    });
    // It tells how the booking stands.
    keeps(|story| {
        dies_over(story, MOVES);
        arrives_again(story, MOVES, "another");
    });
}

#[test]
fn nothing_is_tried_twice_without_reason() {
    let tries = |story: &mut Story| story.database.mails[3].attempts = 2;
    breaks("P19: a letter is tried", tries);
    keeps(|story| {
        tries(story);
        story.course.mail_breaks = true;
    });
}

#[test]
fn a_reminder_comes_when_it_is_due() {
    let reminded = |story: &mut Story, at| {
        let id = "drive.900.reminder.0";
        story.database.mails.push(mail(id, &MOVES.to_string(), "reminder"));
        story.letters.push(letter(id, at));
    };
    let due = |story: &mut Story| story.course.reminders_due_at = Some(DUE_AT);
    for (at, comes_well) in [(0, true), (20_000, true), (-1, false), (20_001, false)] {
        let comes = |story: &mut Story| {
            due(story);
            reminded(story, DUE_AT + at);
        };
        if comes_well {
            keeps(comes);
        } else {
            breaks("P19: a reminder", comes);
        }
    }
    breaks("P19: a reminder", due);
    breaks("P19: a reminder", |story| reminded(story, DUE_AT));
}
