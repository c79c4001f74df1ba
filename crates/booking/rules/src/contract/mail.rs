//! Letters: what every [`MailStore`] must do. An adapter generates one test for each with
//! [`crate::mail_store_contract`].

mod forgetting;
mod waiting;

pub use forgetting::*;
pub use waiting::*;

use std::time::Duration;

use kernel::Timestamp;

use super::{apply, many, scene};
use crate::batch::Command;
use crate::booking::BookingId;
use crate::campaign::apply::Intent;
use crate::campaign::remove::{ActiveBookings, RemoveCampaign};
use crate::campaign::revision::RevisionActor;
use crate::mail::resend::{COPIES_MAX, PAUSE};
use crate::mail::{
    Lease, LeaseId, Mail, MailAbout, MailEnd, MailId, MailKind, MailRules, MailStatus, MailStore,
    Reason, Resent, Settlement,
};
use crate::store::BookingStore;

/// Generates one `#[tokio::test]` for each clause about letters.
///
/// `$fresh` is an async function that makes a fresh, empty store that keeps recipients, and returns a
/// fixture with the methods `store(&self) -> &dyn BookingStore` and `mail(&self) -> &dyn MailStore`.
#[macro_export]
macro_rules! mail_store_contract {
    ($fresh:path) => {
        $crate::mail_store_contract!($fresh:
            letters_follow_from_what_has_happened,
            letters_follow_page_by_page,
            a_cancellation_takes_along_whom_it_tells,
            what_was_booked_and_cancelled_at_once_tells_nobody,
            whoever_wants_to_be_forgotten_is_in_no_letter,
            a_letter_is_lent_to_one,
            what_nobody_was_asked_to_take_was_not_tried,
            a_lease_that_ran_out_settles_nothing_but_what_was_sent,
            what_somebody_waits_for_is_sent_first,
            a_confirmation_is_sent_again_a_few_times,
            a_letter_that_came_back_is_noted,
            letters_go_with_their_campaign,
            who_waits_is_told_of_an_offer_first,
        );
    };
    ($fresh:path: $($clause:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $clause() {
            let fixture = $fresh().await;
            $crate::contract::mail::$clause(fixture.store(), fixture.mail()).await;
        }
    )*};
}

const RULES: MailRules = MailRules { remind_before: Some(Duration::from_hours(24)) };
const LEASE: Duration = Duration::from_mins(5);

async fn execute(store: &dyn BookingStore, commands: &[Command], at: u64) {
    let executed = store.execute(commands, scene::at(at)).await.expect("the store answers");
    assert_eq!(executed.outcomes.len(), commands.len());
}

/// Follows all events; how many letters are new.
async fn follow(mail: &dyn MailStore) -> u64 {
    let mut mails = 0;
    for campaign in mail.campaigns_with_news().await.expect("the store answers") {
        let mut more = true;
        while more {
            let followed = mail.follow_events(&campaign, &RULES, 100).await;
            let followed = followed.expect("the store answers");
            (mails, more) = (mails + followed.mails, followed.more);
        }
    }
    mails
}

async fn lend(mail: &dyn MailStore, name: u8, at: Timestamp, mails_max: u32) -> Vec<Mail> {
    let lease = Lease { id: LeaseId([name; 16]), from: at, until: at.plus(LEASE), mails_max };
    mail.lease_mails(&lease).await.expect("the store answers")
}

async fn settle(mail: &dyn MailStore, name: u8, id: &MailId, at: Timestamp, end: MailEnd) {
    let settlement = Settlement { id: id.clone(), lease: LeaseId([name; 16]), at, end };
    mail.settle_mails(&[settlement]).await.expect("the store answers");
}

async fn of(mail: &dyn MailStore, booking: u32) -> Vec<Mail> {
    let mut mails = mail.mails_of(scene::booking_id(booking)).await.expect("the store answers");
    mails.sort_by(|a, b| a.id.cmp(&b.id));
    mails
}

/// The booking it is about.
fn about(mail: &Mail) -> Option<BookingId> {
    match mail.about {
        MailAbout::Booking(booking) => Some(booking),
        MailAbout::Entry(_) | MailAbout::Offer { .. } => None,
    }
}

fn kinds(mails: &[Mail]) -> Vec<MailKind> {
    mails.iter().map(|mail| mail.id.kind).collect()
}

fn book(booking: u32) -> Command {
    let pass = scene::grant(booking, 4, scene::at(0));
    scene::book_slot(&pass, "c", booking, booking, scene::key(booking, 0))
}

fn statuses(mails: &[Mail]) -> Vec<MailStatus> {
    mails.iter().map(|mail| mail.status).collect()
}

/// What concerns a person is told once, however often the events are followed; what was refused is not (P19).
pub async fn letters_follow_from_what_has_happened(store: &dyn BookingStore, mail: &dyn MailStore) {
    apply(store).await;
    let pass = scene::grant(1, 1, scene::at(0));
    let commands = [
        scene::book_slot(&pass, "b", 1, 1, scene::key(1, 0)),
        scene::book_slot(&pass, "b", 2, 2, scene::key(2, 0)),
        scene::correct(&pass, 1, 3, scene::key(3, 0)),
        scene::move_booking(1, "a", scene::key(4, 0)),
    ];
    for command in commands {
        execute(store, &[command], 10).await;
    }
    assert_eq!(mail.campaigns_with_news().await.expect("answers"), [scene::slot("rehearsal")]);
    // Two reminders, since it is in two slots one after the other.
    assert_eq!(follow(mail).await, 5);
    assert_eq!(
        (mail.campaigns_with_news().await.expect("answers"), follow(mail).await),
        (vec![], 0)
    );
    let mails = of(mail, 1).await;
    let expected = [
        MailKind::Confirmed,
        MailKind::Reminder,
        MailKind::Corrected,
        MailKind::Moved,
        MailKind::Reminder,
    ];
    assert_eq!(kinds(&mails), expected);
    let first = &mails[0];
    assert_eq!((first.made_at, first.due_at), (scene::at(10), scene::at(10)));
    assert_eq!((first.status, first.attempts, &first.recipient), (MailStatus::Pending, 0, &None));
    assert_eq!(mails[1].due_at, scene::at(518_400 - 86_400));
    assert_eq!(of(mail, 2).await, [], "that pass had one seat");
}

/// A page holds some links, and how far they were followed is kept with their letters.
pub async fn letters_follow_page_by_page(store: &dyn BookingStore, mail: &dyn MailStore) {
    apply(store).await;
    for booking in 1..=3 {
        execute(store, &[book(booking)], 10).await;
    }
    let campaign = scene::slot("rehearsal");
    let page = async |links_max| {
        mail.follow_events(&campaign, &RULES, links_max).await.expect("the store answers")
    };
    // The first link tells that the campaign is in force.
    let first = page(2).await;
    assert_eq!((first.mails, first.more), (2, true));
    let rest = page(100).await;
    assert_eq!((rest.mails, rest.more), (4, false));
    execute(store, &[book(4)], 20).await;
    let next = page(100).await;
    assert_eq!((next.mails, next.more), (2, false));
}

/// Nobody else gets a letter while its lease lasts.
pub async fn a_letter_is_lent_to_one(store: &dyn BookingStore, mail: &dyn MailStore) {
    apply(store).await;
    let commands: Vec<Command> = (1..=5).map(book).collect();
    execute(store, &commands, 10).await;
    follow(mail).await;
    assert_eq!(mail.mails_due(scene::at(9)).await.expect("answers"), 0);
    assert_eq!(mail.mails_due(scene::at(10)).await.expect("answers"), 5);
    assert_eq!(lend(mail, 1, scene::at(9), 10).await, [], "nothing is due");
    let first = lend(mail, 1, scene::at(10), 3).await;
    let second = lend(mail, 2, scene::at(10), 10).await;
    assert_eq!((first.len(), second.len()), (3, 2));
    let mut bookings: Vec<BookingId> = first.iter().chain(&second).filter_map(about).collect();
    bookings.sort_unstable();
    assert_eq!(bookings, (1..=5).map(scene::booking_id).collect::<Vec<_>>(), "each letter once");
    assert_eq!(
        lend(mail, 3, scene::at(10).plus(LEASE).minus(Duration::from_millis(1)), 10).await,
        []
    );
    let again = lend(mail, 3, scene::at(10).plus(LEASE), 10).await;
    assert_eq!(again.len(), 5, "the leases have run out");
    assert!(again.iter().all(|mail| mail.attempts == 2));
}

/// A letter that was lent for nothing has had no attempt; another that was put off has.
pub async fn what_nobody_was_asked_to_take_was_not_tried(
    store: &dyn BookingStore,
    mail: &dyn MailStore,
) {
    apply(store).await;
    execute(store, &[book(1)], 10).await;
    follow(mail).await;
    let reason = || Reason::new("unreachable");
    let (mut name, mut at) = (0, scene::at(10));
    let mut round = async |end: fn(Timestamp, Reason) -> MailEnd| {
        let lent = lend(mail, name, at, 1).await.remove(0);
        let due_at = at.plus(Duration::from_mins(1));
        settle(mail, name, &lent.id, at, end(due_at, reason())).await;
        (name, at) = (name + 1, due_at);
        lent.attempts
    };
    for _ in 0..3 {
        let untried = round(|due_at, reason| MailEnd::Untried { due_at, reason }).await;
        assert_eq!(untried, 1, "the first attempt");
    }
    assert_eq!(round(|due_at, reason| MailEnd::Later { due_at, reason }).await, 1);
    assert_eq!(round(|due_at, reason| MailEnd::Later { due_at, reason }).await, 2);
}

/// Who was away for too long has lost the letter, but what was sent was sent.
pub async fn a_lease_that_ran_out_settles_nothing_but_what_was_sent(
    store: &dyn BookingStore,
    mail: &dyn MailStore,
) {
    apply(store).await;
    execute(store, &[book(1), book(2)], 10).await;
    follow(mail).await;
    let lent = lend(mail, 1, scene::at(10), 10).await;
    let later = scene::at(10).plus(LEASE);
    assert_eq!(lend(mail, 2, later, 10).await.len(), 2);
    settle(mail, 1, &lent[0].id, later, MailEnd::Failed(Reason::new("550 5.1.1"))).await;
    settle(mail, 1, &lent[1].id, later, MailEnd::Sent).await;
    let status = async |id: &MailId| {
        let mails = of(mail, 1).await.into_iter().chain(of(mail, 2).await);
        mails.into_iter().find(|mail| mail.id == *id).map(|mail| (mail.status, mail.reason))
    };
    assert_eq!(status(&lent[0].id).await, Some((MailStatus::Pending, None)));
    assert_eq!(status(&lent[1].id).await, Some((MailStatus::Sent, None)));
    // The other one says what became of its own.
    let refused = MailEnd::Failed(Reason::new("550 5.1.1"));
    settle(mail, 2, &lent[0].id, later, refused.clone()).await;
    settle(mail, 2, &lent[1].id, later, refused).await;
    let reason = Some(Reason::new("550 5.1.1"));
    assert_eq!(status(&lent[0].id).await, Some((MailStatus::Failed, reason)));
    assert_eq!(status(&lent[1].id).await, Some((MailStatus::Sent, None)), "settled once");
    let failed = mail.failed_mails(&scene::slot("rehearsal"), None, 10).await.expect("answers");
    assert_eq!(failed.iter().map(|mail| &mail.id).collect::<Vec<_>>(), [&lent[0].id]);
    let after = mail.failed_mails(&scene::slot("rehearsal"), Some(&lent[0].id), 10).await;
    assert_eq!(after.expect("answers"), []);
}

/// A reminder that has been due for long waits behind a confirmation.
pub async fn what_somebody_waits_for_is_sent_first(store: &dyn BookingStore, mail: &dyn MailStore) {
    apply(store).await;
    execute(store, &[book(1)], 10).await;
    execute(store, &[book(2)], 20).await;
    follow(mail).await;
    let on_the_day_before = scene::at(522_000 - 86_400);
    let lent = lend(mail, 1, on_the_day_before, 3).await;
    let told: Vec<_> = lent.iter().map(|mail| (about(mail), mail.id.kind)).collect();
    assert_eq!(told[0], (Some(scene::booking_id(1)), MailKind::Confirmed));
    assert_eq!(told[1], (Some(scene::booking_id(2)), MailKind::Confirmed));
    assert_eq!(told[2].1, MailKind::Reminder);
}

/// A copy has an id of its own, and there are few.
pub async fn a_confirmation_is_sent_again_a_few_times(
    store: &dyn BookingStore,
    mail: &dyn MailStore,
) {
    apply(store).await;
    execute(store, &[book(1)], 10).await;
    let again = async |request: u8, at: Timestamp| {
        let again = mail.resend_confirmation(scene::booking_id(1), [request; 32], at);
        again.await.expect("the store answers")
    };
    assert_eq!(again(1, scene::at(11)).await, Resent::Pending, "it is about to be made");
    follow(mail).await;
    assert_eq!(again(2, scene::at(12)).await, Resent::Pending, "it is on its way");
    assert_eq!(of(mail, 1).await.len(), 2, "with the reminder");
    let mut at = scene::at(20);
    for copy in 0..=COPIES_MAX {
        let lent = lend(mail, copy, at, 10).await;
        assert_eq!(lent.iter().map(|mail| mail.id.copy).collect::<Vec<_>>(), [copy]);
        settle(mail, copy, &lent[0].id, at, MailEnd::Sent).await;
        if copy > 0 {
            assert_eq!(again(100 + copy - 1, at).await, Resent::Pending, "a repeat");
            if copy < COPIES_MAX {
                assert_eq!(again(50, at).await, Resent::TooSoon(at.plus(PAUSE)));
            }
            at = at.plus(PAUSE);
        }
        let asked = again(100 + copy, at).await;
        assert_eq!(asked, if copy < COPIES_MAX { Resent::Pending } else { Resent::TooOften });
    }
    assert_eq!(of(mail, 1).await.len(), 2 + usize::from(COPIES_MAX));
}

/// A report that a letter came back counts once it was sent: anybody can write one before, and must not stop it.
pub async fn a_letter_that_came_back_is_noted(store: &dyn BookingStore, mail: &dyn MailStore) {
    apply(store).await;
    execute(store, &[book(1)], 10).await;
    follow(mail).await;
    let reason = Reason::new("5.1.1");
    let id = of(mail, 1).await[0].id.clone();
    let report =
        async |id: &MailId| mail.report_mail(id, &reason, scene::at(40)).await.expect("answers");
    assert!(!report(&id).await, "nobody has sent it");
    assert!(!report(&MailId { number: 99, ..id.clone() }).await, "there is no such letter");
    assert_eq!(lend(mail, 1, scene::at(20), 1).await.len(), 1);
    assert!(!report(&id).await, "nobody has said that it is sent");
    settle(mail, 1, &id, scene::at(30), MailEnd::Sent).await;
    assert!(report(&id).await);
    let mails = of(mail, 1).await;
    assert_eq!(statuses(&mails)[0], MailStatus::Bounced);
    assert_eq!(
        (&mails[0].reason, mails[0].settled_at),
        (&Some(reason.clone()), Some(scene::at(40)))
    );
    assert!(report(&id).await, "again");
    let failed = mail.failed_mails(&scene::slot("rehearsal"), None, 10).await.expect("answers");
    assert_eq!(failed.len(), 1);
}

/// Who removes a campaign with its bookings removes their letters.
pub async fn letters_go_with_their_campaign(store: &dyn BookingStore, mail: &dyn MailStore) {
    apply(store).await;
    many(store, &[book(1), book(2)], scene::at(10)).await;
    execute(store, &[scene::cancel(2, scene::key(12, 0))], 20).await;
    follow(mail).await;
    let remove = RemoveCampaign {
        campaign: scene::slot("rehearsal"),
        bookings: ActiveBookings::Discard,
        intent: Intent::Apply,
        actor: RevisionActor::Operator,
        reason: None,
    };
    store.remove_campaign(&remove, scene::at(30)).await.expect("the store answers");
    for booking in [1, 2] {
        assert_eq!(of(mail, booking).await, []);
    }
    assert_eq!(follow(mail).await, 0, "what happened in it before is told to nobody");
}
