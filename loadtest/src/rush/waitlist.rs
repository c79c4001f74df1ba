//! Where no place is left: joining the waitlist, answering offers, and giving a place back to those who wait.

use std::sync::atomic::Ordering;

use rand::Rng as _;
use serde_json::json;

use super::Course;
use super::browser::{Reply, Request};
use super::counter::Fate;
use super::ledger::Cancelling;
use super::plan::Retries;
use super::visitor::Visitor;
use super::wire::{Identity, NewlyWaiting, Offer, Pass, WaitlistEntry, WaitlistState};

/// Whoever has looked so often goes on with their day; the entry stays.
const LOOKS_MAX: u32 = 30;

/// One person's place on the waitlist.
#[derive(Debug)]
pub(super) struct Entry {
    url: String,
    token: String,
    identity: Identity,
}

impl Visitor<'_> {
    /// Puts everybody of `remaining` on the waitlist, if they care to wait. `None` if the slots had better be read
    /// again.
    pub(super) async fn at_the_waitlist(
        &mut self,
        pass: &Pass,
        remaining: &mut Vec<Identity>,
    ) -> Option<Fate> {
        if !self.person.waits {
            return Some(Fate::Done);
        }
        while !remaining.is_empty() {
            if self.world.course() != Course::Running {
                return Some(Fate::Over);
            }
            let request =
                Request::post(format!("{}/waitlist", self.world.campaign_url)).bearer(&pass.pass);
            let body = json!({ "person": remaining[0] });
            let mut other = body.clone();
            other["person"]["given_name"] = json!("Somebody Else");
            let Some(reply) = self.mutate(request.clone(), &body, &other).await else {
                return Some(Fate::Over);
            };
            match reply.problem().code.as_str() {
                _ if reply.ok() => {
                    let identity = remaining.remove(0);
                    self.joined_the_waitlist(&request, &reply, identity);
                }
                "already-booked" | "already-waiting" => {
                    self.odd(&request, &reply);
                    remaining.remove(0);
                }
                "waitlist-full" | "campaign-closed" => return Some(Fate::Done),
                // Somebody has given a place back before anybody waited.
                "waitlist-not-open" => {
                    return if self.think(1.0).await { None } else { Some(Fate::Over) };
                }
                "pass-exhausted" | "pass-invalid" => return Some(Fate::PassEnded),
                _unexpected => {
                    self.odd(&request, &reply);
                    return Some(Fate::Done);
                }
            }
        }
        Some(Fate::Done)
    }

    fn joined_the_waitlist(&mut self, request: &Request, reply: &Reply, identity: Identity) {
        let Ok(NewlyWaiting { id, waitlist_token: token }) = reply.json() else {
            return self.odd(request, reply);
        };
        self.world.ledger.waitlisted(&id);
        let url = format!("{}/v1/waitlist/{id}", self.world.booking);
        self.entries.push(Entry { url, token, identity });
    }

    /// Looks at the entries now and then, and answers what is offered, until nobody waits any more or the rush is
    /// over.
    pub(super) async fn wait_for_offers(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        for _ in 0..LOOKS_MAX {
            let look_again_s = self.rng.random_range(10.0..20.0);
            if entries.is_empty() || !self.think(look_again_s).await {
                return;
            }
            let mut waiting = Vec::with_capacity(entries.len());
            for entry in entries {
                if self.goes_on_waiting(&entry).await {
                    waiting.push(entry);
                }
            }
            entries = waiting;
        }
    }

    async fn goes_on_waiting(&mut self, entry: &Entry) -> bool {
        let request = Request::get(entry.url.clone()).bearer(&entry.token);
        let Some(reply) = self.world.browser.send(&request).await else { return false };
        let Ok(told) = reply.json::<WaitlistEntry>() else {
            self.odd(&request, &reply);
            return false;
        };
        match (told.state, told.offer) {
            (WaitlistState::Waiting, _) | (WaitlistState::Offered, None) => true,
            (WaitlistState::Offered, Some(offer)) => {
                self.world.ledger.offered(&offer.id);
                if self.person.declines {
                    self.decline(entry, &offer).await
                } else {
                    self.accept(entry, &offer).await
                }
            }
            (WaitlistState::Booked | WaitlistState::Left, _) => false,
        }
    }

    async fn accept(&mut self, entry: &Entry, offer: &Offer) -> bool {
        let url = format!("{}/offers/{}/acceptance", entry.url, offer.id);
        let request = Request::post(url).bearer(&entry.token).key(self.new_key());
        let Some(reply) = self.send_settled(&request).await else { return false };
        if reply.ok() {
            if self.person.retries != Retries::Never {
                self.repeat(&request, &reply).await;
            }
            self.world.ledger.counts.accepted.fetch_add(1, Ordering::Relaxed);
            self.confirmed(&request, &reply, &offer.slot, entry.identity.clone());
            return false;
        }
        if !is_too_late(&reply) {
            self.odd(&request, &reply);
        }
        true
    }

    async fn decline(&mut self, entry: &Entry, offer: &Offer) -> bool {
        let stays = self.rng.random_bool(0.5);
        let request = Request::post(format!("{}/offers/{}/decline", entry.url, offer.id))
            .bearer(&entry.token)
            .json(&json!({ "stay": stays }));
        let Some(reply) = self.world.browser.send(&request).await else { return false };
        if reply.ok() {
            self.world.ledger.counts.declined.fetch_add(1, Ordering::Relaxed);
            return stays;
        }
        if !is_too_late(&reply) {
            self.odd(&request, &reply);
        }
        true
    }

    /// Who cannot come says so, once there is somebody who waits for the place. Where all are done with booking and nobody
    /// waits, nobody ever will.
    pub(super) async fn cancel_once_others_wait(&mut self) {
        let Some(booked) = self.own_booking.take().filter(|_| self.person.cancels) else { return };
        let ledger = &*self.world.ledger;
        while ledger.counts.waitlisted.load(Ordering::SeqCst) == 0 {
            // In this order: whoever joins the waitlist does so before they are done.
            let all_are_done = ledger.counts.booking.load(Ordering::SeqCst) == 0;
            let nobody_waits = ledger.counts.waitlisted.load(Ordering::SeqCst) == 0;
            if all_are_done && nobody_waits || !self.think(5.0).await {
                return;
            }
        }
        let hesitates_s = self.rng.random_range(10.0..60.0);
        if !self.think(hesitates_s).await {
            return;
        }
        let url = format!("{}/v1/bookings/{}/cancellation", self.world.booking, booked.id);
        let request = Request::post(url).bearer(&booked.manage_token).key(self.new_key());
        ledger.cancelling(&booked.id, Cancelling::Asked);
        match self.send_settled(&request).await {
            Some(reply) if reply.ok() => ledger.cancelling(&booked.id, Cancelling::Done),
            Some(reply) => self.odd(&request, &reply),
            None => {}
        }
    }
}

/// Others were faster, or the deadline has passed: nothing is wrong with that.
fn is_too_late(reply: &Reply) -> bool {
    matches!(reply.problem().code.as_str(), "place-gone" | "offer-expired" | "offer-over")
}
