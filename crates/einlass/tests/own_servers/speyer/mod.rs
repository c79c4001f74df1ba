//! The whole story of Speyer in June 2021, as `docs/speyer.md` tells it: 2,500 places and then 3,500 in 84 slots, and 800 on
//! the waitlist. Passes are minted here, as the waiting room has tests of its own; all else is the booking service.

mod judge;
mod people;
mod town;

use std::time::Duration;

use booking::service::call_up_for;
use booking::{CallUpOutcome, CallUpWish};
use serde_json::json;
use test_support::{PostgresServer, eventually};

use self::people::{Citizens, Look, Manner, slot_at};
use self::town::{CAMPAIGN, Cast, SPEYER_AGS, Speyer, assert_refused, at};
use crate::citizen::{person, send};

/// Each person stands for five, or else the letters alone would take a minute of the machine. With 1 the numbers are those
/// of the real days.
const CAST: Cast = Cast { seed: 20_210_620, stands_for: 5 };
const SOON: Duration = Duration::from_mins(1);
/// A little longer than an offer lasts.
const OFFER_RUNS_OUT: Duration = Duration::from_mins(46);
/// Offers of the operator last as long as so many others.
const OPERATOR_ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_of_speyer_on_sqlite() {
    println!("{CAST:?}");
    Story { town: Speyer::on_sqlite(CAST).await, people: Citizens::default() }.goes_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_of_speyer_on_postgres() {
    println!("{CAST:?}");
    let postgres = PostgresServer::start().await.expect("postgres");
    let town = Speyer::on_postgres(CAST, &postgres).await;
    Story { town, people: Citizens::default() }.goes_well().await;
}

struct Story {
    town: Speyer,
    people: Citizens,
}

impl Story {
    async fn goes_well(mut self) {
        self.monday_morning().await;
        self.the_tranches().await;
        self.the_waitlist().await;
        self.monday_evening().await;
        self.the_rules_change().await;
        self.a_thousand_more().await;
        self.the_day_before().await;
        self.the_night().await;
        self.the_operator_calls_twenty().await;
        self.the_morning().await;
        self.the_end().await;
        judge::assert_every_place_was_given_once(&self.town, &self.people).await;
        self.town.close().await;
    }

    /// Shortly before eight, nobody can book; and strangers cannot at any time.
    async fn monday_morning(&self) {
        let town = &self.town;
        town.is_at(at(14, 7, 30)).await;
        assert_eq!(town.read("/slots").await["places_left"], 0);
        let early = self.books(SPEYER_AGS, 900_000).await;
        assert_refused(&early, 409, "slot-full");
        for (postcode, eligible) in [("67346", true), ("67454", false), ("10115", false)] {
            let answer = town.read(&format!("/eligibility?postcode={postcode}")).await;
            assert_eq!(answer["eligible"], json!(eligible), "{postcode}: {answer}");
        }
        town.is_at(at(14, 8, 0)).await;
        // Haßloch has a pass of another campaign's gate, say, and Berlin too.
        for ags in ["07332025", "11000000"] {
            assert_refused(&self.books(ags, 900_000).await, 403, "not-eligible");
        }
    }

    async fn books(&self, ags: &str, number: usize) -> crate::citizen::Reply {
        let pass = self.town.pass(ags).await;
        let body = json!({"slot": slot_at("boe-fashion", "0900"), "person": person(number)});
        send(self.town.post(&self.town.url("/bookings"), &pass, "k").json(&body)).await
    }

    /// 08:00, 11:00, 14:00, 17:00: each time 625 places, and more people than that.
    async fn the_tranches(&mut self) {
        for (tranche, hour) in (1..).zip([8, 11, 14, 17]) {
            self.town.is_at_least(at(14, hour, 0)).await;
            let waitlist = self.town.read("/waitlist").await;
            assert_eq!(waitlist["open"], json!(hour == 17), "{waitlist}");
            if tranche == 1 {
                self.people.one_registers_twice(&self.town).await;
            }
            self.people.rush(&self.town, self.town.cast.of(645)).await;
            assert_eq!(self.people.booked().count(), tranche * self.town.cast.of(625));
            assert_eq!(self.town.read("/slots").await["places_left"], 0);
        }
    }

    /// From 17:00 on 800 people can wait, each once. All who found no place try, and some more.
    async fn the_waitlist(&mut self) {
        let mut without = self.people.empty_handed();
        without.extend(self.people.come(self.town.cast.of(815) - without.len()));
        let rest = without.split_off(1);
        assert!(self.people.queue(&self.town, without.clone()).await.is_empty());
        assert_refused(&without[0].wait(&self.town).await, 409, "already-waiting");
        let mut booked = self.people.booked().next().expect("somebody is booked").0.clone();
        assert_refused(&booked.wait(&self.town).await, 409, "already-booked");
        let refused = self.people.queue(&self.town, rest).await;
        assert_eq!(refused, vec!["waitlist-full"; self.town.cast.of(15)]);
        eventually("everybody sees who waits", SOON, async || {
            let status = self.town.read("/waitlist").await;
            status["waiting"] == self.town.cast.of(800)
                && status["why_nobody_is_called"] == "no_place_free"
        })
        .await;
    }

    /// In 2021 there were 330 bookings by then, and the letters about them did not come.
    async fn monday_evening(&self) {
        self.town.is_at(at(14, 20, 0)).await;
        assert_eq!(self.people.booked().count(), self.town.cast.of(2_500));
        let addressed = self.people.booked().filter(|(citizen, _)| citizen.has_address()).count();
        assert!(addressed > self.town.cast.of(200), "{addressed} have an address");
        self.town.until_letters("confirmed", addressed).await;
    }

    /// On Wednesday the waitlist is to open when the sure places are gone, instead of at a time.
    async fn the_rules_change(&self) {
        self.town.is_at(at(16, 12, 0)).await;
        let preview = self.town.apply(&rules_of_wednesday(self.town.cast), 1).await;
        assert!(preview.contains("waitlist"), "{preview}");
        eventually("everybody is told of the rule", SOON, async || {
            self.town.read("/waitlist").await.get("opens_at").is_none()
        })
        .await;
        let waiting = &self.town.read("/waitlist").await["waiting"];
        assert_eq!(*waiting, json!(self.town.cast.of(800)), "who waits goes on waiting");
        let history = self.town.store.revisions(&CAMPAIGN.parse().expect("a name")).await;
        assert_eq!(history.expect("it answers").len(), 2);
    }

    /// 2,500 become 3,500 while the campaign runs: first for those who wait, then for everybody.
    async fn a_thousand_more(&mut self) {
        self.town.is_at(at(17, 12, 0)).await;
        let is_eager = |citizen: &&people::Citizen| citizen.manner == Manner::Eager;
        let eager = self.people.waiting().filter(is_eager).count();
        let preview = self.town.apply(&with_a_thousand_more(self.town.cast), 2).await;
        assert!(preview.contains("capacity"), "{preview}");
        self.until_nobody_answers().await;
        let moved_up = self.people.booked().count() - self.town.cast.of(2_500);
        assert_eq!(moved_up, eager, "all who answer have moved up");
        self.people.rush(&self.town, self.town.cast.of(400)).await;
        assert_eq!(self.town.read("/slots").await["places_left"], 0);
        let mut without = self.people.empty_handed();
        without.retain(|citizen| citizen.manner != Manner::Leaving);
        without.extend(self.people.come(self.town.cast.of(150)));
        let full = self.people.queue(&self.town, without).await;
        assert_eq!(full, Vec::<String>::new(), "there is room for all of them");
        self.until_all_is_taken().await;
    }

    /// On Saturday everybody with an address is reminded.
    async fn the_day_before(&self) {
        self.town.is_at(at(19, 14, 5)).await;
        let addressed = self.people.booked().filter(|(citizen, _)| citizen.has_address()).count();
        self.town.until_letters("reminder", addressed).await;
    }

    /// Late on Saturday 80 people cancel. At night nobody is called, and nobody else gets these places.
    async fn the_night(&mut self) {
        let slot = slot_at("edeka-stiegler", "1130");
        self.town.is_at(at(19, 22, 0)).await;
        self.people.cancel(&self.town, self.town.cast.of(20), |booking| booking.slot == slot).await;
        let is_later =
            |booking: &people::Booking| booking.slot != slot && is_of_the_last_hour(booking);
        self.people.cancel(&self.town, self.town.cast.of(60), is_later).await;
        eventually("it is said why nobody is called", SOON, async || {
            self.town.read("/waitlist").await["why_nobody_is_called"] == "quiet_hours"
        })
        .await;
        let availability = judge::availability(&self.town).await;
        let kept = usize::try_from(availability.waitlist.reserved).expect("a number");
        assert_eq!(kept, self.town.cast.of(80), "they are kept");
        assert_eq!(availability.waitlist.offered, 0);
        assert_refused(&self.books(SPEYER_AGS, 900_001).await, 409, "slot-full");
    }

    /// "The next 20 for 11:30", before the clock calls anybody.
    async fn the_operator_calls_twenty(&mut self) {
        self.town.is_at(at(20, 5, 30)).await;
        let twenty = u32::try_from(self.town.cast.of(20)).expect("a number");
        let mut first = Vec::new();
        for citizen in self.people.waiting() {
            let shown = citizen.entry(&self.town).await;
            let position = shown["position"].as_u64().expect("a position");
            if position <= u64::from(twenty) {
                first.push(shown["id"].clone());
            }
        }
        let slot = slot_at("edeka-stiegler", "1130");
        let wish = CallUpWish { slot: slot.parse().expect("an id"), ttl_minutes: 120 };
        let campaign = CAMPAIGN.parse().expect("a name");
        let (store, entropy) = (&*self.town.store, &*self.town.entropy);
        let called =
            call_up_for(store, &campaign, wish, twenty, entropy).await.expect("it answers");
        let CallUpOutcome::Done(called) = called else { panic!("{called:?}") };
        assert_eq!((called.offered, called.why_nobody), (twenty, None), "{called:?}");
        let mut offered = Vec::new();
        for citizen in self.people.waiting() {
            let shown = citizen.entry(&self.town).await;
            if shown["state"] == "offered" {
                assert_eq!(shown["offer"]["slot"], slot.as_str());
                offered.push(shown["id"].clone());
            }
        }
        assert_eq!(offered.len(), self.town.cast.of(20));
        assert!(offered.iter().all(|id| first.contains(id)), "those who have waited longest");
    }

    /// From six on the clock calls, several for a place and the next where nobody answers; and again when people cancel.
    async fn the_morning(&mut self) {
        self.town.is_at(at(20, 6, 0)).await;
        self.until_all_is_taken().await;
        for (hour, people) in [(9, 30), (11, 10)] {
            self.town.is_at_least(at(20, hour, 0)).await;
            self.people.cancel(&self.town, self.town.cast.of(people), is_of_the_last_hour).await;
            self.until_all_is_taken().await;
        }
    }

    /// From 13:30 on nobody is called any more, and a place that comes back is everybody's.
    async fn the_end(&mut self) {
        self.town.is_at(at(20, 13, 30)).await;
        let last = slot_at("boe-fashion", "1350");
        self.people.cancel(&self.town, 1, |booking| booking.slot == last).await;
        eventually("a place is everybody's", SOON, async || {
            self.town.read("/slots").await["places_left"] == 1
        })
        .await;
        let status = self.town.read("/waitlist").await;
        assert_eq!(status["why_nobody_is_called"], "stopped");
        self.people.rush(&self.town, 2).await;
        assert_eq!(self.people.booked().count(), self.town.cast.of(3_500));
    }

    /// People look into their mailboxes and answer, until nobody does any more and no place lies idle: each that is kept is
    /// offered, and as long as somebody waits without an offer none is free.
    async fn until_nobody_answers(&mut self) {
        const LOOK_EVERY: Duration = Duration::from_millis(250);
        const LOOKS_MAX: u32 = 240;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        for _ in 0..LOOKS_MAX {
            looks.tick().await;
            let looks = self.people.look(&self.town).await;
            let offers = looks.iter().filter(|look| **look == Look::Offer).count();
            let availability = judge::availability(&self.town).await;
            let kept = usize::try_from(availability.waitlist.reserved).expect("a number");
            let is_idle = kept > offers || (looks.len() > offers && availability.places_left() > 0);
            if !looks.contains(&Look::Answered) && !is_idle {
                return;
            }
        }
        panic!("a place that is kept is offered to nobody, or people wait while places are free");
    }

    /// Offers are answered or run out until all 3,500 places are taken. Whoever lets an offer run out goes behind those who
    /// have not, so there are no more rounds than people who do.
    async fn until_all_is_taken(&mut self) {
        let places = self.town.cast.of(3_500);
        let silent = self.people.waiting().filter(|citizen| citizen.manner == Manner::Silent);
        let rounds_max = silent.count() + OPERATOR_ROUNDS;
        for _ in 0..rounds_max {
            self.until_nobody_answers().await;
            if self.people.booked().count() == places {
                return;
            }
            self.town.is_at(self.town.now().await.plus(OFFER_RUNS_OUT)).await;
        }
        let booked = self.people.booked().count();
        panic!("{booked} of {places} places are taken, and {} wait", self.people.waiting().count());
    }
}

/// A place from one o'clock on: however the morning goes, it can be offered again.
fn is_of_the_last_hour(booking: &people::Booking) -> bool {
    booking.starts_at.as_str() > "2021-06-20T11"
}

/// The campaign file as it was changed on the 16th.
fn rules_of_wednesday(cast: Cast) -> String {
    let earlier = cast.campaign();
    let text = earlier.replace("is left.\nopens_at = 2021-06-14T17:00\n", "is left.\n");
    assert!(text != earlier, "the waitlist has a time no more");
    text
}

/// And on the 17th.
fn with_a_thousand_more(cast: Cast) -> String {
    let capacity = |places| format!("capacity_places = {}\n", cast.of(places));
    let text = rules_of_wednesday(cast).replace(&capacity(2_500), &capacity(3_500));
    let places = cast.of(1_000);
    let tranche = format!("[[tranches]]\nopens_at = 2021-06-17T12:00\nplaces = {places}\n\n");
    text.replace("[waitlist]\n", &format!("{tranche}[waitlist]\n"))
}
