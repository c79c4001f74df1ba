//! One person's visit, from the door to the booking.

use std::sync::atomic::Ordering;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;

use super::Course;
use super::browser::Request;
use super::counter::Fate;
use super::door::Joined;
use super::ledger::{Booked, LeftBehind};
use super::plan::{Leaves, Person, Tabs};
use super::waiting::{Redeemed, Ticket};
use super::waitlist::Entry;
use super::wire::Pass;
use super::world::World;

/// Whoever is sent back to the door more often than this gives up.
const REJOINS_MAX: u32 = 5;

/// A person who has come.
pub(super) struct Visitor<'w> {
    pub(super) person: &'w Person,
    pub(super) world: &'w World,
    pub(super) rng: StdRng,
    /// The municipality they will name, once they know that they have to.
    pub(super) ags: Option<String>,
    /// Closes the tab once only.
    pub(super) came_back: bool,
    /// The last booking they got.
    pub(super) own_booking: Option<Booked>,
    /// Where they wait for a place.
    pub(super) entries: Vec<Entry>,
    keys: u32,
}

impl<'w> Visitor<'w> {
    pub(super) fn new(person: &'w Person, world: &'w World) -> Self {
        Self {
            person,
            world,
            rng: StdRng::seed_from_u64(person.seed),
            ags: person.ags.clone().filter(|_| person.gives_ags),
            came_back: false,
            own_booking: None,
            entries: Vec::new(),
            keys: 0,
        }
    }

    /// The whole visit.
    pub(super) async fn live(mut self) {
        self.come().await;
        self.world.ledger.counts.booking.fetch_sub(1, Ordering::SeqCst);
        self.wait_for_offers().await;
        self.cancel_once_others_wait().await;
    }

    /// From the door to a booking, a place on the waitlist, or home.
    async fn come(&mut self) {
        let mut tickets = match self.join().await {
            Joined::Ticket(ticket) => vec![ticket],
            Joined::TurnedAway => return self.turned_away().await,
            Joined::Gone => return,
        };
        if !self.person.eligible {
            let postcode = &self.person.postcode;
            let note =
                || format!("somebody from {postcode} was let in, which is not in the campaign");
            return self.world.ledger.note(note);
        }
        if self.person.tabs != Tabs::One
            && let Joined::Ticket(second) = self.join().await
        {
            tickets.push(second);
        }
        self.wait_and_book(&mut tickets).await;
        for ticket in tickets {
            self.world.ledger.left_behind(LeftBehind {
                ticket: ticket.token.clone(),
                entry: ticket.entry,
                place: ticket.place,
            });
        }
    }

    async fn wait_and_book(&mut self, tickets: &mut Vec<Ticket<'w>>) {
        let mut remaining = self.person.group.clone();
        let mut rejoins = 0;
        while let Some(called) = self.wait_for_call(tickets).await {
            let again = match self.redeem(&mut tickets[called]).await {
                Redeemed::NotYet => continue,
                Redeemed::Pass(pass) => {
                    tickets.swap_remove(called);
                    if self.person.leaves == Leaves::WithPass {
                        return;
                    }
                    let fate = self.at_the_counter(&pass, &mut remaining).await;
                    self.leave(&pass).await;
                    if fate == Fate::Done && self.person.tabs == Tabs::TwoAndGreedy {
                        self.book_twice(tickets).await;
                    }
                    fate == Fate::PassEnded
                }
                Redeemed::Spent => {
                    tickets.swap_remove(called);
                    true
                }
                Redeemed::Gone => false,
            };
            if !again || self.world.course() != Course::Running {
                return;
            }
            if tickets.is_empty() {
                rejoins += 1;
                match self.join().await {
                    Joined::Ticket(ticket) if rejoins <= REJOINS_MAX => tickets.push(ticket),
                    Joined::Ticket(_) | Joined::TurnedAway | Joined::Gone => return,
                }
            }
        }
    }

    /// With the pass of the other tab, tries to get a second place for the same person: it must be refused.
    async fn book_twice(&mut self, tickets: &mut Vec<Ticket<'w>>) {
        let Some(called) = self.wait_for_call(tickets).await else {
            return;
        };
        if let Redeemed::Pass(pass) = self.redeem(&mut tickets[called]).await {
            tickets.swap_remove(called);
            self.book_once_more(&pass).await;
            self.leave(&pass).await;
        }
    }

    /// Turned away at the door: most accept it, a few try another tab.
    async fn turned_away(&mut self) {
        self.world.ledger.counts.turned_away.fetch_add(1, Ordering::Relaxed);
        if self.person.eligible {
            let postcode = &self.person.postcode;
            let note =
                || format!("somebody from {postcode} was turned away, which is in the campaign");
            self.world.ledger.note(note);
        } else if self.person.insists {
            let after_s = self.rng.random_range(0.5..3.0);
            if self.think(after_s).await
                && let Joined::Ticket(ticket) = self.join().await
            {
                let entry = ticket.entry;
                let note = || format!("somebody turned away got entry {entry} in another tab");
                self.world.ledger.note(note);
            }
        }
    }

    /// Says goodbye at the booking API, so that the next can come in sooner: it alone can make sure that
    /// nothing begins with the pass any more.
    async fn leave(&mut self, pass: &Pass) {
        let url = format!("{}/passes/current", self.world.campaign_url);
        let request = Request::new(Method::DELETE, url).bearer(&pass.pass);
        if let Some(reply) = self.world.browser.send(&request).await
            && !reply.ok()
            && reply.status != 401
        {
            self.odd(&request, &reply);
        }
    }

    /// Takes some time of one's own; `false` when the rush is over meanwhile.
    pub(super) async fn think(&self, seconds: f64) -> bool {
        self.world.pause(seconds * self.world.time_scale).await
    }

    /// A new Idempotency-Key, which no rush before this one has used.
    pub(super) fn new_key(&mut self) -> String {
        self.keys += 1;
        let World { seed, began_ms, .. } = self.world;
        format!("{seed:x}-{began_ms:x}-{}-{}", self.person.number, self.keys)
    }

    /// Writes down a reply that this person cannot make sense of.
    pub(super) fn odd(&self, request: &Request, reply: &super::browser::Reply) {
        self.world.ledger.note(|| {
            format!("{} replied {} {}", request.describe(), reply.status, reply.problem().code)
        });
    }
}
