mod letters;
mod outage;
mod secure;

use std::sync::Arc;

use async_trait::async_trait;
use booking::contract::scene;
use booking::{
    BookSlotOutcome, BookingId, BookingSecrets, BookingStatus, BookingStore, CampaignPlan, Command,
    Language, Mail, MailKind, MailStanding, MailState, MailStatus, MailStore, MemoryStore, Outcome,
    Person, PersonFields, Registration,
};
use kernel::{ManualClock, SeededEntropy, Timestamp};
use mail_parser::MessageParser;
use test_support::{MailServer, eventually};

use super::*;
use crate::letter::{Letter, Letterhead};
use crate::transport::{HandedOver, Security, Smtp, SmtpServer};

const IN_TIME: Duration = Duration::from_secs(20);

fn secrets() -> BookingSecrets {
    BookingSecrets::new(&[1; 32], &[2; 32])
}

/// Bookings in the model, a mail server, and the time.
struct Town {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    server: MailServer,
}

impl Town {
    async fn start() -> Self {
        let server = tokio::task::spawn_blocking(MailServer::start).await.expect("no panic");
        Self::with(scene::plan(), server.expect("a mail server")).await
    }

    async fn with(plan: CampaignPlan, server: MailServer) -> Self {
        let clock = Arc::new(ManualClock::at(scene::at(0)));
        let store = Arc::new(MemoryStore::with_mail(clock.clone()));
        store.apply_campaign(&plan, scene::at(0)).await.expect("applies");
        Self { clock, store, server }
    }

    /// Books somebody with this address, and whoever that is is in the answer.
    async fn book(&self, number: u32, address: &str) -> BookingId {
        let fields = PersonFields {
            given_name: "Änne".to_owned(),
            family_name: "Muster".to_owned(),
            date_of_birth: "1980-02-29".to_owned(),
            email: Some(address.to_owned()),
            phone: None,
            language: Language::De,
        };
        let person = Person::from_stored(fields).expect("a person");
        let pass = scene::grant(number, 4, self.now());
        let mut command = scene::book_slot(&pass, "c", number, number, scene::key(number, 0));
        if let Command::BookSlot(book) = &mut command {
            let registration = Registration::clone(&book.registration);
            book.registration = Arc::new(Registration { person: Some(person), ..registration });
        }
        let booked = self.execute(command).await;
        assert!(matches!(booked, Outcome::BookSlot(BookSlotOutcome::Booked(_))), "{booked:?}");
        scene::booking_id(number)
    }

    async fn execute(&self, command: Command) -> Outcome {
        let executed = self.store.execute(&[command], self.now()).await.expect("answers");
        executed.outcomes.into_iter().next().expect("one outcome")
    }

    fn now(&self) -> Timestamp {
        kernel::Clock::now(&*self.clock)
    }

    fn pass_time(&self, duration: Duration) {
        self.clock.set(self.now().plus(duration));
    }

    fn office(&self, seed: u64) -> Office {
        Office {
            bookings: self.store.clone(),
            mails: self.store.clone(),
            secrets: secrets(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            head: Letterhead {
                from: "Stadt Speyer <termine@speyer.example>".parse().expect("an address"),
                reply_to: None,
                public_url: Some("https://termine.speyer.example/".to_owned()),
            },
            pace: Pace {
                every: Duration::from_millis(10),
                mails_per_minute: 60_000,
                hand_over_max: Duration::from_secs(20),
                remind_before: Some(Duration::from_hours(24)),
            },
            campaigns: Known::default(),
        }
    }

    fn lane(&self, time_max: Duration) -> Box<dyn Transport> {
        Box::new(Smtp::new(SmtpServer { time_max, ..self.in_clear() }))
    }

    /// The mail server, talked to in clear and by nobody in particular.
    fn in_clear(&self) -> SmtpServer {
        SmtpServer {
            host: "127.0.0.1".to_owned(),
            port: self.server.port(),
            security: Security::None,
            authority: None,
            credentials: None,
            bounces_to: None,
            time_max: IN_TIME,
        }
    }

    fn worker(&self, seed: u64) -> Worker {
        Worker::start(self.office(seed), vec![self.lane(IN_TIME), self.lane(IN_TIME)])
    }

    /// The letter of this kind about a booking, once it is as `wanted`.
    async fn letter(
        &self,
        booking: BookingId,
        kind: MailKind,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Mail {
        let mut found = None;
        eventually("a letter that stands as wanted", IN_TIME, async || {
            let mails = self.store.mails_of(booking).await.expect("answers");
            found = mails.into_iter().find(|mail| mail.id.kind == kind && wanted(mail));
            found.is_some()
        })
        .await;
        found.expect("found")
    }

    async fn confirmation(&self, booking: BookingId, status: MailStatus) -> Mail {
        self.letter(booking, MailKind::Confirmed, |mail| mail.status == status).await
    }

    /// The ids of the letters that have arrived, in order.
    fn arrived(&self) -> Vec<String> {
        let letters = self.server.inbox().expect("an inbox");
        let ids = letters.iter().map(|letter| {
            let letter = MessageParser::default().parse(letter.as_bytes()).expect("a message");
            letter.message_id().expect("an id").to_owned()
        });
        ids.collect()
    }

    async fn is_confirmed(&self, booking: BookingId) -> bool {
        let booking = self.store.booking(booking).await.expect("answers").expect("there");
        booking.status == BookingStatus::Confirmed
    }
}

#[tokio::test]
async fn a_letter_arrives_with_everything_that_is_needed() {
    let town = Town::start().await;
    let booking = town.book(1, "anna@town.example").await;
    let worker = town.worker(1);
    let sent = town.confirmation(booking, MailStatus::Sent).await;
    worker.finish().await;
    assert_eq!(town.arrived(), [format!("{}@speyer.example", sent.id)]);
    let letter = town.server.inbox().expect("an inbox").remove(0);
    let read = MessageParser::default().parse(letter.as_bytes()).expect("a message");
    let text = read.body_text(0).expect("a text");
    let token = secrets().manage_token(booking, 0);
    assert!(text.contains(&format!("#booking={booking}&token={token}")), "{text}");
    let mails = town.store.mails_of(booking).await.expect("answers");
    assert_eq!(MailStanding::of(&mails, true).state, MailState::Sent);
}

/// The state says so for good, and nothing of the address that the server has quoted is kept.
#[tokio::test]
async fn a_receiver_who_is_not_known_is_not_tried_again() {
    let town = Town::start().await;
    let booking = town.book(1, "nobody@town.example").await;
    let other = town.book(2, "berta@town.example").await;
    let worker = town.worker(1);
    let failed = town.confirmation(booking, MailStatus::Failed).await;
    town.confirmation(other, MailStatus::Sent).await;
    worker.finish().await;
    assert_eq!((failed.attempts, failed.reason.expect("why").as_str()), (1, "550 5.1.1"));
    assert!(town.is_confirmed(booking).await);
    assert_eq!(town.arrived().len(), 1);
}

#[tokio::test]
async fn what_is_not_taken_now_is_tried_again() {
    let town = Town::start().await;
    let booking = town.book(1, "later@town.example").await;
    let worker = town.worker(1);
    let put_off = |mail: &Mail| mail.status == MailStatus::Pending && mail.reason.is_some();
    let waits = town.letter(booking, MailKind::Confirmed, put_off).await;
    assert_eq!(waits.reason.as_ref().expect("why").as_str(), "451 4.3.0");
    assert!(waits.due_at > town.now().plus(Duration::from_secs(10)), "not at once");
    town.pass_time(Duration::from_mins(1));
    let sent = town.confirmation(booking, MailStatus::Sent).await;
    worker.finish().await;
    assert_eq!((sent.attempts, town.arrived().len()), (2, 1));
}

/// As long as the provider does not let us send at all, nobody loses a letter, and everybody sees why.
#[tokio::test]
async fn a_sender_who_has_used_up_a_limit_waits_with_all_letters() {
    let town = Town::start().await;
    let booking = town.book(1, "limit@town.example").await;
    let other = town.book(2, "berta@town.example").await;
    let worker = Worker::start(town.office(1), vec![town.lane(IN_TIME)]);
    for (refusal, minutes) in [("554 5.7.1", 1), ("550 5.4.5", 5)] {
        let is_refused = |mail: &Mail| {
            mail.reason.as_ref().is_some_and(|reason| reason.as_str() == refusal)
                && mail.due_at > town.now()
        };
        town.letter(booking, MailKind::Confirmed, is_refused).await;
        let mails = town.store.mails_of(booking).await.expect("answers");
        let standing = MailStanding::of(&mails, true);
        assert_eq!(standing.state, MailState::Pending);
        assert_eq!(standing.reason.expect("why").as_str(), refusal);
        town.pass_time(Duration::from_mins(minutes));
    }
    let sent = town.confirmation(booking, MailStatus::Sent).await;
    town.confirmation(other, MailStatus::Sent).await;
    worker.finish().await;
    assert_eq!((sent.attempts, town.arrived().len()), (1, 2));
}

/// It costs the others a while, and the booking nothing.
#[tokio::test]
async fn a_server_that_falls_silent_in_a_letter_keeps_nobody() {
    let town = Town::start().await;
    let booking = town.book(1, "hangs@town.example").await;
    let worker = Worker::start(town.office(1), vec![town.lane(Duration::from_millis(300))]);
    let put_off = |mail: &Mail| mail.status == MailStatus::Pending && mail.reason.is_some();
    let waits = town.letter(booking, MailKind::Confirmed, put_off).await;
    assert_eq!(waits.reason.expect("why").as_str(), "silent");
    let other = town.book(2, "berta@town.example").await;
    town.confirmation(other, MailStatus::Sent).await;
    let cancelled = town.execute(scene::cancel(1, scene::key(11, 0))).await;
    assert!(format!("{cancelled:?}").contains("Cancelled"), "{cancelled:?}");
    worker.finish().await;
    assert!(!town.is_confirmed(booking).await);
}

/// Hands letters over and never comes back to say so.
struct DiesAfterwards(Box<dyn Transport>);

#[async_trait]
impl Transport for DiesAfterwards {
    async fn hand_over(&mut self, letter: &Letter) -> HandedOver {
        assert_eq!(self.0.hand_over(letter).await, HandedOver::Taken);
        std::future::pending().await
    }
}

/// At least once, and recognisable as the same (P19).
#[tokio::test]
async fn a_worker_that_dies_before_it_notes_sends_the_same_letter_again() {
    let town = Town::start().await;
    let booking = town.book(1, "anna@town.example").await;
    let dying: Box<dyn Transport> = Box::new(DiesAfterwards(town.lane(IN_TIME)));
    let first = Worker::start(town.office(1), vec![dying]);
    eventually("the letter to arrive", IN_TIME, async || town.arrived().len() == 1).await;
    first.kill();
    let second = town.worker(2);
    let other = town.book(2, "berta@town.example").await;
    town.confirmation(other, MailStatus::Sent).await;
    assert_eq!(town.arrived().len(), 2, "as long as it is lent nobody else sends it");
    town.pass_time(LEASE);
    let sent = town.confirmation(booking, MailStatus::Sent).await;
    second.finish().await;
    let id = format!("{}@speyer.example", sent.id);
    let arrived = town.arrived().into_iter().filter(|arrived| *arrived == id);
    assert_eq!((arrived.count(), sent.attempts), (2, 2), "the same letter twice");
    assert!(town.is_confirmed(booking).await);
}

#[tokio::test]
async fn two_workers_send_every_letter_once() {
    let town = Town::start().await;
    let mut bookings = Vec::new();
    for number in 1..=30 {
        bookings.push(town.book(number, &format!("anna{number}@town.example")).await);
    }
    let workers = [town.worker(1), town.worker(2)];
    for booking in bookings {
        town.confirmation(booking, MailStatus::Sent).await;
    }
    for worker in workers {
        worker.finish().await;
    }
    let mut arrived = town.arrived();
    assert_eq!(arrived.len(), 30);
    arrived.sort();
    arrived.dedup();
    assert_eq!(arrived.len(), 30, "each its own");
}

/// Who cancels is told that, and not that they have a place; who moves is reminded of where they are.
#[tokio::test]
async fn what_is_not_so_any_more_is_not_told() {
    let town = Town::start().await;
    let cancelled = town.book(1, "anna@town.example").await;
    town.execute(scene::cancel(1, scene::key(11, 0))).await;
    let moved = town.book(2, "berta@town.example").await;
    town.execute(scene::move_booking(2, "b", scene::key(12, 0))).await;
    let worker = town.worker(1);
    town.letter(cancelled, MailKind::Cancelled, |mail| mail.status == MailStatus::Sent).await;
    town.confirmation(cancelled, MailStatus::Dropped).await;
    town.letter(moved, MailKind::Moved, |mail| mail.status == MailStatus::Sent).await;
    // On the day before, an hour before the slot that it was in.
    town.clock.set(scene::at(518_400 + 3_600 - 86_400));
    let reminders = async || {
        let mails = town.store.mails_of(moved).await.expect("answers");
        let mut reminders: Vec<_> =
            mails.into_iter().filter(|mail| mail.id.kind == MailKind::Reminder).collect();
        reminders.sort_by_key(|mail| mail.id.number);
        reminders.iter().map(|mail| mail.status).collect::<Vec<_>>()
    };
    let expected = [MailStatus::Dropped, MailStatus::Sent];
    eventually("one reminder", IN_TIME, async || reminders().await == expected).await;
    worker.finish().await;
}
