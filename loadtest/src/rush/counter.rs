//! At the counter, with a pass: read the slots, choose one, book in one step or on a hold; or wait where no place is left.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use rand::Rng as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::Course;
use super::browser::{Reply, Request};
use super::ledger::Booked;
use super::summary::Promise;
use super::visitor::Visitor;
use super::wire::{Booking, Hold, Identity, Pass, Slot, Slots};
use crate::clock::parse_ms;

/// Replies without sense after which a person gives up.
const ODD_MAX: u32 = 5;

/// How a visit to the counter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Everybody of the group is booked, or the person has given up.
    Done,
    /// Nothing is left, or the rush is stopped.
    Over,
    /// The pass expired or is used up with somebody still to book.
    PassEnded,
}

/// What came of one attempt.
enum Step {
    /// Go on with who remains.
    Going,
    /// The API says this person has a booking already; go on without.
    Skipped,
    /// That slot is full.
    Full,
    /// The hold is gone before everybody was booked.
    HoldGone,
    PassEnded,
    Over,
    Odd,
}

impl Visitor<'_> {
    /// Books everybody of `remaining`; whoever is booked is taken out of it.
    pub(super) async fn at_the_counter(
        &mut self,
        pass: &Pass,
        remaining: &mut Vec<Identity>,
    ) -> Fate {
        self.think(self.person.thinking_s).await;
        let mut odd = 0;
        let mut full: (String, HashSet<String>) = (String::new(), HashSet::new());
        while !remaining.is_empty() {
            if self.world.course() != Course::Running {
                return Fate::Over;
            }
            if self.has_ended(pass) {
                return Fate::PassEnded;
            }
            let Some(slots) = self.read_slots().await else {
                return Fate::Over;
            };
            if full.0 != slots.as_of {
                // A newer snapshot knows more than our refusals.
                full = (slots.as_of.clone(), HashSet::new());
            }
            if slots.places_left == 0 && slots.waitlist_open {
                match self.at_the_waitlist(pass, remaining).await {
                    Some(fate) => return fate,
                    None => continue,
                }
            }
            let preference = self.person.preference;
            let Some(slot) = choose(&slots.slots, remaining.len(), preference, &full.1) else {
                let look_again_s = self.rng.random_range(0.4..1.0);
                if !self.think(look_again_s).await {
                    return Fate::Over;
                }
                continue;
            };
            match self.attempt(pass, slot, remaining).await {
                Step::Going | Step::Skipped => {}
                Step::Full => {
                    full.1.insert(slot.id.clone());
                }
                Step::PassEnded => return Fate::PassEnded,
                Step::Over => return Fate::Over,
                Step::HoldGone | Step::Odd if odd < ODD_MAX => odd += 1,
                Step::HoldGone | Step::Odd => return Fate::Done,
            }
        }
        Fate::Done
    }

    async fn attempt(&mut self, pass: &Pass, slot: &Slot, remaining: &mut Vec<Identity>) -> Step {
        if remaining.len() > 1 || self.person.hold_first {
            return self.hold_and_book(pass, slot, remaining).await;
        }
        let url = format!("{}/bookings", self.world.campaign_url);
        let body = json!({ "slot": slot.id, "person": remaining[0] });
        self.book(pass, url, body, &slot.id, remaining).await
    }

    async fn hold_and_book(
        &mut self,
        pass: &Pass,
        slot: &Slot,
        remaining: &mut Vec<Identity>,
    ) -> Step {
        let places_left = usize::try_from(slot.places_left).unwrap_or(usize::MAX);
        let seats = remaining.len().min(places_left).min(self.world.campaign.seats_max);
        let request =
            Request::post(format!("{}/holds", self.world.campaign_url)).bearer(&pass.pass);
        let body = json!({ "slot": slot.id, "seats": seats });
        let other = json!({ "slot": slot.id, "seats": if seats == 1 { 2 } else { 1 } });
        // Counted before it is asked for, so that nobody goes home while seats may come back.
        let open = &self.world.ledger.counts.holds_open;
        open.fetch_add(1, Ordering::Relaxed);
        let step = match self.mutate(request.clone(), &body, &other).await {
            None => Step::Over,
            Some(reply) if reply.ok() => match reply.json::<Hold>() {
                Ok(hold) => self.book_on(pass, &hold, slot, seats, remaining).await,
                Err(_) => self.refused(&request, &reply),
            },
            Some(reply) => self.refused(&request, &reply),
        };
        open.fetch_sub(1, Ordering::Relaxed);
        step
    }

    async fn book_on(
        &mut self,
        pass: &Pass,
        hold: &Hold,
        slot: &Slot,
        seats: usize,
        remaining: &mut Vec<Identity>,
    ) -> Step {
        let mut unused = false;
        for _ in 0..seats {
            let url = format!("{}/v1/holds/{}/bookings", self.world.booking, hold.id);
            let body = json!({ "person": remaining[0] });
            match self.book(pass, url, body, &slot.id, remaining).await {
                Step::Going => {}
                Step::Skipped => unused = true,
                ended => return ended,
            }
        }
        if unused {
            let url = format!("{}/v1/holds/{}", self.world.booking, hold.id);
            let release = Request::new(Method::DELETE, url).bearer(&pass.pass);
            self.world.browser.send(&release).await;
        }
        Step::Going
    }

    /// One booking for the first of `remaining`.
    async fn book(
        &mut self,
        pass: &Pass,
        url: String,
        body: Value,
        slot: &str,
        remaining: &mut Vec<Identity>,
    ) -> Step {
        let request = Request::post(url).bearer(&pass.pass);
        let mut other = body.clone();
        other["person"]["given_name"] = json!("Somebody Else");
        let Some(reply) = self.mutate(request.clone(), &body, &other).await else {
            return Step::Over;
        };
        if reply.ok() {
            let identity = remaining.remove(0);
            self.confirmed(&request, &reply, slot, identity);
            return Step::Going;
        }
        if reply.problem().code == "already-booked" {
            self.odd(&request, &reply);
            remaining.remove(0);
            return Step::Skipped;
        }
        self.refused(&request, &reply)
    }

    /// Writes down a 201 and looks whether it says what was asked for.
    pub(super) fn confirmed(
        &mut self,
        request: &Request,
        reply: &Reply,
        slot: &str,
        identity: Identity,
    ) {
        let ledger = &self.world.ledger;
        let Ok(booking) = reply.json::<Booking>() else {
            return self.odd(request, reply);
        };
        let Some(manage_token) = booking.manage_token else {
            return ledger.note(|| format!("{} came without a manage token", booking.id));
        };
        if booking.slot != slot || booking.person != identity || booking.status != "confirmed" {
            ledger.broken(Promise::LostBooking, || {
                format!("{} is not what was asked for", booking.id)
            });
        }
        let booked = Booked { id: booking.id, manage_token, slot: slot.to_owned(), identity };
        self.own_booking = Some(booked.clone());
        ledger.booked(booked);
    }

    fn refused(&self, request: &Request, reply: &Reply) -> Step {
        match reply.problem().code.as_str() {
            "slot-full" => Step::Full,
            "hold-ended" => Step::HoldGone,
            "pass-exhausted" => Step::PassEnded,
            "pass-invalid" => {
                self.odd(request, reply);
                Step::PassEnded
            }
            _unexpected => {
                self.odd(request, reply);
                Step::Odd
            }
        }
    }

    /// With another pass, tries to book a second place for the first of the group. A 201 is written down like any
    /// other: the audit then finds the person twice (P4).
    pub(super) async fn book_once_more(&mut self, pass: &Pass) {
        let Some(slots) = self.read_slots().await else {
            return;
        };
        let nothing_refused = HashSet::new();
        let Some(slot) = choose(&slots.slots, 1, self.person.preference, &nothing_refused) else {
            return;
        };
        let identity = self.person.group[0].clone();
        let request = Request::post(format!("{}/bookings", self.world.campaign_url))
            .bearer(&pass.pass)
            .key(self.new_key())
            .json(&json!({ "slot": slot.id, "person": identity }));
        if let Some(reply) = self.send_settled(&request).await
            && reply.ok()
        {
            self.confirmed(&request, &reply, &slot.id, identity);
        }
    }

    async fn read_slots(&self) -> Option<Slots> {
        let request = Request::get(format!("{}/slots", self.world.campaign_url));
        let reply = self.world.browser.send(&request).await?;
        let slots = reply.json().ok();
        if slots.is_none() {
            self.odd(&request, &reply);
        }
        slots
    }

    fn has_ended(&self, pass: &Pass) -> bool {
        parse_ms(&pass.expires_at).is_ok_and(|ends_ms| self.world.server_time.now_ms() >= ends_ms)
    }
}

/// The slot nearest to where the person would like to be that has room for all; else the nearest with any.
fn choose<'s>(
    slots: &'s [Slot],
    wanted: usize,
    preference: f64,
    full: &HashSet<String>,
) -> Option<&'s Slot> {
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let of = f64::from(u32::try_from(slots.len()).unwrap_or(u32::MAX));
    (0_u32..)
        .zip(slots)
        .filter(|(_, slot)| slot.places_left > 0 && !full.contains(&slot.id))
        .min_by(|(one, a), (other, b)| {
            let rank = |at: u32, slot: &Slot| {
                let far = (f64::from(at) / of - preference).abs();
                (slot.places_left < wanted, far)
            };
            rank(*one, a).partial_cmp(&rank(*other, b)).unwrap_or(std::cmp::Ordering::Equal)
        })
        .map(|(_, slot)| slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(places_left: &[u64]) -> Vec<Slot> {
        (0..)
            .zip(places_left)
            .map(|(number, places_left): (u32, _)| Slot {
                id: number.to_string(),
                capacity: 9,
                released: 9,
                places_left: *places_left,
            })
            .collect()
    }

    fn chosen(
        places_left: &[u64],
        wanted: usize,
        preference: f64,
        full: &[&str],
    ) -> Option<String> {
        let full = full.iter().map(|id| (*id).to_owned()).collect();
        choose(&slots(places_left), wanted, preference, &full).map(|slot| slot.id.clone())
    }

    #[test]
    fn the_nearest_slot_with_room_for_all_is_chosen() {
        assert_eq!(chosen(&[5, 5, 5, 5], 1, 0.5, &[]).as_deref(), Some("2"));
        assert_eq!(chosen(&[5, 5, 1, 5], 2, 0.6, &[]).as_deref(), Some("3"));
        assert_eq!(chosen(&[5, 5, 5, 5], 1, 0.5, &["2"]).as_deref(), Some("1"));
    }

    #[test]
    fn fewer_seats_are_better_than_none_and_none_is_none() {
        assert_eq!(chosen(&[0, 1, 0], 3, 0.9, &[]).as_deref(), Some("1"));
        assert_eq!(chosen(&[0, 0], 1, 0.0, &[]), None);
        assert_eq!(chosen(&[0, 1], 1, 0.0, &["1"]), None);
        assert_eq!(chosen(&[], 1, 0.0, &[]), None);
    }
}
