//! What goes on for long, or meanwhile: a server that is away, a clock that is wrong, an erasure.

use std::sync::atomic::{AtomicBool, Ordering};

use booking::Reason;

use super::*;

/// Nobody is there until there is.
struct Away {
    lane: Box<dyn Transport>,
    is_back: Arc<AtomicBool>,
}

#[async_trait]
impl Transport for Away {
    async fn hand_over(&mut self, letter: &Letter) -> HandedOver {
        if self.is_back.load(Ordering::Relaxed) {
            return self.lane.hand_over(letter).await;
        }
        HandedOver::Unreachable(Reason::new(Reason::UNREACHABLE))
    }
}

/// For however long that is, of however many letters: each is about somebody who waits for it.
#[tokio::test]
async fn a_server_that_is_away_for_days_costs_no_letter() {
    let town = Town::start().await;
    let mut bookings = Vec::new();
    for number in 1..=3 {
        bookings.push(town.book(number, &format!("anna{number}@town.example")).await);
    }
    let is_back = Arc::new(AtomicBool::new(false));
    let away = Away { lane: town.lane(IN_TIME), is_back: is_back.clone() };
    let worker = Worker::start(town.office(1), vec![Box::new(away)]);
    let is_put_off = |mail: &Mail| mail.reason.is_some() && mail.due_at > town.now();
    // Longer than a letter is tried that the server puts off.
    for _ in 0..=backoff::ATTEMPTS_MAX {
        eventually("all to be put off", IN_TIME, async || {
            let mails = town.store.mails().into_iter();
            let put_off = mails.filter(|mail| mail.id.kind == MailKind::Confirmed);
            put_off.filter(is_put_off).count() == bookings.len()
        })
        .await;
        town.pass_time(Duration::from_hours(1));
    }
    is_back.store(true, Ordering::Relaxed);
    town.pass_time(Duration::from_hours(1));
    for booking in bookings {
        town.confirmation(booking, MailStatus::Sent).await;
    }
    worker.finish().await;
    assert_eq!(town.arrived().len(), 3);
}

/// Days without a server are no attempts of the letter: put off once by the server that is back, it goes out.
#[tokio::test]
async fn a_server_that_was_away_for_days_may_put_a_letter_off() {
    let town = Town::start().await;
    let booking = town.book(1, "later@town.example").await;
    let is_back = Arc::new(AtomicBool::new(false));
    let away = Away { lane: town.lane(IN_TIME), is_back: is_back.clone() };
    let worker = Worker::start(town.office(1), vec![Box::new(away)]);
    let put_off = async |attempts: u32, reason: &str| {
        let is_put_off = |mail: &Mail| {
            (mail.attempts, mail.due_at > town.now()) == (attempts, true)
                && mail.reason.as_ref().is_some_and(|said| said.as_str() == reason)
        };
        town.letter(booking, MailKind::Confirmed, is_put_off).await;
    };
    for _ in 0..=backoff::ATTEMPTS_MAX {
        put_off(0, Reason::UNREACHABLE).await;
        town.pass_time(Duration::from_hours(2));
    }
    put_off(0, Reason::UNREACHABLE).await;
    is_back.store(true, Ordering::Relaxed);
    town.pass_time(Duration::from_hours(2));
    put_off(1, "451 4.3.0").await;
    town.pass_time(Duration::from_mins(1));
    let sent = town.confirmation(booking, MailStatus::Sent).await;
    worker.finish().await;
    assert_eq!((sent.attempts, town.arrived().len()), (2, 1));
}

/// Hands a letter over when it is let.
struct Held {
    lane: Box<dyn Transport>,
    gate: Arc<tokio::sync::Semaphore>,
    has_begun: Arc<AtomicBool>,
}

#[async_trait]
impl Transport for Held {
    async fn hand_over(&mut self, letter: &Letter) -> HandedOver {
        self.has_begun.store(true, Ordering::Relaxed);
        let _let = self.gate.acquire().await.expect("open");
        self.lane.hand_over(letter).await
    }
}

/// A lease is measured on the clock of the store, so it ends early when that is set an hour ahead. Then a letter
/// that is being handed over goes out twice, as the same letter; those that nobody has begun go out once.
#[tokio::test]
async fn a_clock_that_is_set_ahead_loses_no_letter() {
    let town = Town::start().await;
    let begun = town.book(1, "anna@town.example").await;
    let (gate, has_begun) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::default());
    let held = Held { lane: town.lane(IN_TIME), gate: gate.clone(), has_begun };
    let has_begun = held.has_begun.clone();
    let first = Worker::start(town.office(1), vec![Box::new(held)]);
    eventually("a letter to be begun", IN_TIME, async || has_begun.load(Ordering::Relaxed)).await;
    town.pass_time(Duration::from_hours(1));
    let other = town.book(2, "berta@town.example").await;
    let second = town.worker(2);
    let sent = town.confirmation(begun, MailStatus::Sent).await;
    let of_other = town.confirmation(other, MailStatus::Sent).await;
    gate.add_permits(1);
    eventually("the first to hand it over too", IN_TIME, async || town.arrived().len() == 3).await;
    for worker in [first, second] {
        worker.finish().await;
    }
    let [id, of_other] = [sent, of_other].map(|mail| format!("{}@speyer.example", mail.id));
    let mut arrived = town.arrived();
    arrived.sort();
    let mut expected = vec![id.clone(), id, of_other];
    expected.sort();
    assert_eq!(arrived, expected);
    town.confirmation(begun, MailStatus::Sent).await;
}

/// Set back, it keeps letters that somebody else died with for an hour, and loses none.
#[tokio::test]
async fn a_clock_that_is_set_back_loses_no_letter() {
    let town = Town::start().await;
    town.pass_time(Duration::from_hours(1));
    let booking = town.book(1, "anna@town.example").await;
    let dying: Box<dyn Transport> = Box::new(DiesAfterwards(town.lane(IN_TIME)));
    let first = Worker::start(town.office(1), vec![dying]);
    eventually("the letter to arrive", IN_TIME, async || town.arrived().len() == 1).await;
    first.kill();
    town.clock.set(scene::at(0));
    let second = town.worker(2);
    let other = town.book(2, "berta@town.example").await;
    town.confirmation(other, MailStatus::Sent).await;
    assert_eq!(town.arrived().len(), 2);
    town.pass_time(Duration::from_hours(1) + LEASE);
    town.confirmation(booking, MailStatus::Sent).await;
    second.finish().await;
    assert_eq!(town.arrived().len(), 3);
}

/// Whoever is told that they are forgotten gets no letter, not even one that a worker has in its hands.
#[tokio::test]
async fn an_erasure_reaches_a_letter_that_is_lent() {
    let town = Town::start().await;
    town.book(2, "berta@town.example").await;
    let booking = town.book(1, "anna@town.example").await;
    town.execute(scene::cancel(1, scene::key(11, 0))).await;
    let (gate, has_begun) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::default());
    let held = Held { lane: town.lane(IN_TIME), gate: gate.clone(), has_begun };
    let has_begun = held.has_begun.clone();
    let worker = Worker::start(town.office(1), vec![Box::new(held)]);
    eventually("a letter to be begun", IN_TIME, async || has_begun.load(Ordering::Relaxed)).await;
    let lent = town.letter(booking, MailKind::Cancelled, |mail| mail.attempts == 1).await;
    assert!(lent.recipient.is_some());
    town.execute(scene::erase(1, scene::key(12, 0))).await;
    gate.add_permits(10);
    let is_dropped = |mail: &Mail| mail.status == MailStatus::Dropped;
    town.letter(booking, MailKind::Cancelled, is_dropped).await;
    worker.finish().await;
    assert_eq!(town.arrived().len(), 1, "only the other one");
}
