//! Whom a letter remembers, and for how long.

use super::super::{apply, scene};
use super::{book, execute, follow, lend, of, settle};
use crate::mail::{Mail, MailEnd, MailKind, MailStatus, MailStore, Reason};
use crate::store::BookingStore;

/// Who cancels is erased at once, but for the letter that says so, until that is settled.
pub async fn a_cancellation_takes_along_whom_it_tells(
    store: &dyn BookingStore,
    mail: &dyn MailStore,
) {
    apply(store).await;
    execute(store, &[book(2)], 10).await;
    let booked = store.booking(scene::booking_id(2)).await.expect("answers").expect("there");
    execute(store, &[scene::cancel(2, scene::key(12, 0))], 20).await;
    let letter = |mails: Vec<Mail>| {
        let mut mails = mails.into_iter().filter(|mail| mail.id.kind == MailKind::Cancelled);
        mails.next().expect("a letter")
    };
    let at_once = letter(of(mail, 2).await);
    assert_eq!((&at_once.recipient, at_once.made_at), (&booked.registration.person, scene::at(20)));
    assert_eq!(follow(mail).await, 2, "the confirmation and its reminder");
    assert_eq!(letter(of(mail, 2).await), at_once);

    let lent = letter(lend(mail, 1, scene::at(30), 10).await);
    assert_eq!(lent.recipient, booked.registration.person);
    let later = MailEnd::Later { due_at: scene::at(60), reason: Reason::new("421") };
    settle(mail, 1, &lent.id, scene::at(31), later).await;
    let lent = letter(lend(mail, 2, scene::at(60), 10).await);
    assert_eq!((&lent.recipient, lent.attempts), (&booked.registration.person, 2));
    settle(mail, 2, &lent.id, scene::at(61), MailEnd::Sent).await;
    let sent = letter(of(mail, 2).await);
    assert_eq!((sent.status, sent.settled_at), (MailStatus::Sent, Some(scene::at(61))));
    assert_eq!(sent.recipient, None, "nobody is remembered for longer than needed");
}

/// Somebody who was there for the time of one batch is nowhere kept.
pub async fn what_was_booked_and_cancelled_at_once_tells_nobody(
    store: &dyn BookingStore,
    mail: &dyn MailStore,
) {
    apply(store).await;
    execute(store, &[book(1), scene::cancel(1, scene::key(12, 0))], 10).await;
    follow(mail).await;
    assert!(of(mail, 1).await.iter().all(|mail| mail.recipient.is_none()));
}

/// An erasure leaves nobody in the letter about the place that it gives back, nor in one about a place that was
/// given back before.
pub async fn whoever_wants_to_be_forgotten_is_in_no_letter(
    store: &dyn BookingStore,
    mail: &dyn MailStore,
) {
    apply(store).await;
    execute(store, &[book(1), book(2), book(3)], 10).await;
    execute(store, &[scene::erase(1, scene::key(11, 0))], 20).await;
    let cancellations = [scene::cancel(2, scene::key(12, 0)), scene::cancel(3, scene::key(13, 0))];
    execute(store, &cancellations, 20).await;
    follow(mail).await;
    let recipient = async |booking| {
        let mut mails = of(mail, booking).await.into_iter();
        let cancelled = mails.find(|mail| mail.id.kind == MailKind::Cancelled).expect("a letter");
        cancelled.recipient.is_some()
    };
    let known = async || [recipient(1).await, recipient(2).await, recipient(3).await];
    assert_eq!(known().await, [false, true, true]);
    execute(store, &[scene::erase(2, scene::key(14, 0))], 21).await;
    assert_eq!(known().await, [false, false, true]);
}
