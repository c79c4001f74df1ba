//! Letters with a token of their own, and letters to those who wait.

use booking::contract::scene::waitlist;
use booking::{AfterDeclining, MailAbout, TokenHash};

use super::*;

impl Town {
    /// The text of the letter of this id.
    fn text_of(&self, mail: &Mail) -> String {
        let letters = self.server.inbox().expect("an inbox");
        let mut texts = letters.iter().filter_map(|letter| {
            let letter = MessageParser::default().parse(letter.as_bytes()).expect("a message");
            let is_it = letter.message_id() == Some(&format!("{}@speyer.example", mail.id));
            is_it.then(|| letter.body_text(0).expect("a text").into_owned())
        });
        texts.next_back().expect("the letter has arrived")
    }

    /// The letter about this, once it stands so.
    async fn settled(&self, about: MailAbout, status: MailStatus) -> Mail {
        let mut found = None;
        eventually("a letter to be settled", IN_TIME, async || {
            let mut mails = self.store.mails().into_iter();
            found = mails.find(|mail| mail.about == about && mail.status == status);
            found.is_some()
        })
        .await;
        found.expect("found")
    }
}

fn token_in(text: &str) -> TokenHash {
    let token = text.split("&token=").nth(1).expect("a link");
    TokenHash::of(token.split(['&', '\r', '\n']).next().expect("a token"))
}

/// Earlier links are worth nothing once it is sent, and it is the same however often it is sent.
#[tokio::test]
async fn a_lost_link_comes_with_a_token_of_its_own() {
    let town = Town::start().await;
    let booking = town.book(1, "anna@town.example").await;
    let stored = async || {
        let booking = town.store.booking(booking).await.expect("answers").expect("there");
        booking.registration.manage_token_hash
    };
    let worker = town.worker(1);
    town.confirmation(booking, MailStatus::Sent).await;
    worker.finish().await;
    let before = stored().await;
    town.execute(scene::ask_link(1)).await;
    let dying: Box<dyn Transport> = Box::new(DiesAfterwards(town.lane(IN_TIME)));
    let dying = Worker::start(town.office(2), vec![dying]);
    eventually("the link to arrive", IN_TIME, async || town.arrived().len() == 2).await;
    dying.kill();
    let link = town.letter(booking, MailKind::Link, |_| true).await;
    let first = token_in(&town.text_of(&link));
    assert_eq!((stored().await, first != before), (first, true));

    town.pass_time(LEASE);
    let worker = town.worker(3);
    town.letter(booking, MailKind::Link, |mail| mail.status == MailStatus::Sent).await;
    assert_eq!(town.arrived().len(), 3, "sent again");
    assert_eq!(token_in(&town.text_of(&link)), first, "the same link, which is good");
    assert_eq!(stored().await, first);
    worker.finish().await;
}

/// Of two that have not gone out yet, one does.
#[tokio::test]
async fn the_last_link_that_was_asked_for_counts() {
    let town = Town::start().await;
    let booking = town.book(1, "anna@town.example").await;
    town.execute(scene::ask_link(1)).await;
    town.pass_time(booking::LINK_PAUSE);
    town.execute(scene::ask_link(1)).await;
    let worker = town.worker(1);
    let sent = town.letter(booking, MailKind::Link, |mail| mail.status == MailStatus::Sent).await;
    let other = |mail: &Mail| mail.id != sent.id && mail.status == MailStatus::Dropped;
    let dropped = town.letter(booking, MailKind::Link, other).await;
    worker.finish().await;
    assert!(dropped.id.number < sent.id.number);
    let stored = town.store.booking(booking).await.expect("answers").expect("there");
    assert_eq!(stored.registration.manage_token_hash, token_in(&town.text_of(&sent)));
}

/// A link to nowhere would only make the good one worthless.
#[tokio::test]
async fn without_a_page_no_token_is_replaced() {
    let town = Town::start().await;
    let booking = town.book(1, "anna@town.example").await;
    town.execute(scene::ask_link(1)).await;
    let mut office = town.office(1);
    office.head.public_url = None;
    let worker = Worker::start(office, vec![town.lane(IN_TIME)]);
    let is_failed = |mail: &Mail| mail.status == MailStatus::Failed;
    let failed = town.letter(booking, MailKind::Link, is_failed).await;
    worker.finish().await;
    assert_eq!(failed.reason.expect("why").as_str(), "no_page");
    let stored = town.store.booking(booking).await.expect("answers").expect("there");
    assert_eq!(stored.token_generation, 0);
}

/// A campaign that is booked out, and two people who wait.
async fn booked_out() -> Town {
    let server = tokio::task::spawn_blocking(MailServer::start).await.expect("no panic");
    let plan = waitlist::plan(waitlist::rules(10));
    let town = Town::with(plan, server.expect("a mail server")).await;
    let slots = ["a", "a", "a", "b", "b", "c", "c", "c", "c"];
    for (number, slot) in (100..).zip(slots) {
        let pass = scene::grant(number, 1, scene::at(0));
        town.execute(scene::book_slot(&pass, slot, number, number, scene::key(number, 0))).await;
    }
    for number in 1..=2 {
        let pass = scene::grant(number, 1, scene::at(0));
        // Of the scene's persons each second one has an address.
        town.execute(waitlist::join(&pass, number, 2 * number, scene::key(number, 0))).await;
    }
    town
}

/// Both links are links: who opens them, a mail scanner say, changes nothing.
#[tokio::test]
async fn who_waits_is_told_so_and_what_is_offered() {
    let town = booked_out().await;
    let worker = town.worker(1);
    let (entry, offer) = (waitlist::entry_id(1), waitlist::offer_id(1));
    let waits = town.settled(MailAbout::Entry(entry), MailStatus::Sent).await;
    let token = secrets().entry_token(entry);
    let link = format!("https://termine.speyer.example/#waitlist={entry}&token={token}");
    assert!(town.text_of(&waits).contains(&link));
    town.execute(scene::cancel(100, scene::key(200, 0))).await;
    town.execute(waitlist::call_up(1, 1)).await;
    let offered = town.settled(MailAbout::Offer { offer, entry }, MailStatus::Sent).await;
    worker.finish().await;
    let text = town.text_of(&offered);
    for answer in ["accept", "decline"] {
        assert!(text.contains(&format!("{link}&offer={offer}&answer={answer}")), "{text}");
    }
    assert!(text.contains("bis Montag, 14. Juni 2021, 08:10 Uhr"), "{text}");
}

#[tokio::test]
async fn an_offer_that_has_ended_is_not_sent() {
    let town = booked_out().await;
    town.execute(scene::cancel(100, scene::key(200, 0))).await;
    town.execute(waitlist::call_up(1, 1)).await;
    let (entry, offer) = (waitlist::entry_id(1), waitlist::offer_id(1));
    town.execute(waitlist::decline(entry, offer, AfterDeclining::Stay)).await;
    town.execute(waitlist::call_up(2, 1)).await;
    // That one lapses before anybody sends it, though nothing has noticed yet.
    town.pass_time(Duration::from_mins(10));
    let worker = town.worker(1);
    for number in 1..=2 {
        let (entry, offer) = (waitlist::entry_id(number), waitlist::offer_id(number));
        let about = MailAbout::Offer { offer, entry };
        let dropped = town.settled(about, MailStatus::Dropped).await;
        assert_eq!(dropped.reason.expect("why").as_str(), "overtaken");
        town.settled(MailAbout::Entry(entry), MailStatus::Sent).await;
    }
    worker.finish().await;
}
