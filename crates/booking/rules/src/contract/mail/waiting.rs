//! Letters to those who wait for a place.

use super::super::scene::{self, waitlist};
use super::super::{many, one};
use super::{follow, lend};
use crate::mail::{MailAbout, MailKind, MailStore};
use crate::store::BookingStore;

/// Who waits is told so, and of an offer before anybody is told anything else: it does not last.
pub async fn who_waits_is_told_of_an_offer_first(store: &dyn BookingStore, mail: &dyn MailStore) {
    let plan = waitlist::plan(waitlist::rules(10));
    store.apply_campaign(&plan, scene::at(0)).await.expect("the store answers");
    let slots = ["a", "a", "a", "b", "b", "c", "c", "c", "c"];
    let bookings = (100..).zip(slots).map(|(number, slot)| {
        let pass = scene::grant(number, 1, scene::at(0));
        scene::book_slot(&pass, slot, number, number, scene::key(number, 0))
    });
    let bookings: Vec<_> = bookings.collect();
    many(store, &bookings, scene::at(0)).await;
    let pass = scene::grant(1, 1, scene::at(0));
    one(store, waitlist::join(&pass, 1, 1, scene::key(1, 0)), scene::at(1)).await;
    follow(mail).await;
    let entry = waitlist::entry_id(1);
    let lent = lend(mail, 1, scene::at(1), 10).await;
    let told: Vec<_> = lent.iter().map(|mail| (mail.id.kind, mail.about)).collect();
    assert_eq!(told.last(), Some(&(MailKind::Waitlisted, MailAbout::Entry(entry))));

    many(store, &[scene::cancel(100, scene::key(200, 0))], scene::at(2)).await;
    one(store, waitlist::call_up(1, 1), scene::at(3)).await;
    follow(mail).await;
    let lent = lend(mail, 2, scene::at(10), 1).await;
    let told: Vec<_> = lent.iter().map(|mail| (mail.id.kind, mail.about)).collect();
    let about = MailAbout::Offer { offer: waitlist::offer_id(1), entry };
    assert_eq!(told, [(MailKind::Offer, about)], "the cancellation is older");
    assert_eq!(lend(mail, 3, scene::at(10), 1).await[0].id.kind, MailKind::Cancelled);
}
