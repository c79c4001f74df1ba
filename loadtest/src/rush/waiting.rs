//! Waiting: polls, the public status, closing the tab, and redeeming the ticket for a pass.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng as _;

use super::browser::{Reply, Request};
use super::plan::{Leaves, Polls, Retries};
use super::visitor::Visitor;
use super::wire::{OwnState, Pass, RoomStatus, TakenPass, TicketState};
use super::world::World;

/// A ticket as its holder knows it. While it exists it counts as gathering or waiting.
#[derive(Debug)]
pub(super) struct Ticket<'w> {
    /// The newest text of it that came.
    pub token: String,
    pub entry: u64,
    pub place: Option<u64>,
    /// The epoch in which the entry was issued: with it the entry is its only one.
    issued_in: u64,
    /// The newest epoch heard of.
    epoch: u64,
    state: TicketState,
    poll_after_s: f64,
    /// Comes with joining an empty room.
    pass: Option<Pass>,
    counted: Option<&'w AtomicU64>,
}

impl<'w> Ticket<'w> {
    /// The ticket that joining was answered with.
    pub(super) fn new(world: &'w World, token: String, told: &OwnState) -> Self {
        world.ledger.entered((told.epoch, told.entry), &token);
        let mut ticket = Self {
            token,
            entry: told.entry,
            place: None,
            issued_in: told.epoch,
            epoch: told.epoch,
            state: TicketState::Gathering,
            poll_after_s: told.poll_after_s,
            pass: None,
            counted: None,
        };
        ticket.told(world, told);
        ticket
    }

    /// Takes in what the room says about this ticket and holds it against what it said before (P12).
    pub(super) fn told(&mut self, world: &'w World, told: &OwnState) {
        let (entry, place) = (self.entry, self.place);
        if told.entry != entry {
            let now = told.entry;
            world.ledger.lost_place(|| format!("entry {entry} became entry {now}"));
        }
        if place.is_some() && told.place != place {
            let now = told.place;
            world.ledger.lost_place(|| format!("entry {entry} lost place {place:?} for {now:?}"));
        }
        if let Some(pass) = &told.pass {
            world.ledger.admitted((self.issued_in, entry), &pass.pass);
            self.pass = Some(pass.clone());
        }
        if let Some(token) = &told.ticket {
            self.token.clone_from(token);
        }
        self.epoch = self.epoch.max(told.epoch);
        self.place = told.place.or(place);
        self.poll_after_s = told.poll_after_s;
        self.state = told.state;
        let counts = &world.ledger.counts;
        self.count_as(match told.state {
            TicketState::Gathering => Some(&counts.gathering),
            TicketState::Waiting => Some(&counts.waiting),
            TicketState::Called | TicketState::Used | TicketState::Closed => None,
        });
    }

    fn count_as(&mut self, gauge: Option<&'w AtomicU64>) {
        if let Some(before) = self.counted.take() {
            before.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(gauge) = gauge {
            gauge.fetch_add(1, Ordering::Relaxed);
        }
        self.counted = gauge;
    }

    /// Nothing comes of it any more.
    fn is_over(&self) -> bool {
        matches!(self.state, TicketState::Used | TicketState::Closed)
    }

    fn is_called(&self) -> bool {
        self.state == TicketState::Called || self.pass.is_some()
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.count_as(None);
    }
}

/// How redeeming went.
pub(super) enum Redeemed {
    Pass(Pass),
    /// 409 not-your-turn, and the time asked for has been waited.
    NotYet,
    /// The ticket is used up.
    Spent,
    /// The rush is over, or the reply made no sense.
    Gone,
}

impl<'w> Visitor<'w> {
    /// Waits until one of the tickets is called. `None` if the person leaves before, or there is nothing left.
    pub(super) async fn wait_for_call(&mut self, tickets: &mut [Ticket<'w>]) -> Option<usize> {
        let mut polls = 0;
        loop {
            if let Some(called) = tickets.iter().position(Ticket::is_called) {
                return Some(called);
            }
            if tickets.iter().any(Ticket::is_over) {
                return None;
            }
            let asked_s =
                tickets.iter().map(|ticket| ticket.poll_after_s).fold(f64::INFINITY, f64::min);
            if tickets.is_empty() || !self.world.pause(self.patience_s(asked_s)).await {
                return None;
            }
            polls += 1;
            match self.person.leaves {
                Leaves::WhileWaiting(after) if polls >= after => return None,
                Leaves::ComesBack(after, away_s) if polls >= after && !self.came_back => {
                    self.came_back = true;
                    if !self.think(away_s).await {
                        return None;
                    }
                    for ticket in tickets.iter_mut() {
                        self.come_back(ticket).await;
                    }
                }
                Leaves::Never
                | Leaves::WithPass
                | Leaves::WhileWaiting(_)
                | Leaves::ComesBack(..) => {}
            }
            self.look(tickets).await?;
        }
    }

    /// How long this person waits when asked to wait `asked_s`.
    fn patience_s(&mut self, asked_s: f64) -> f64 {
        let asked_s = asked_s.max(0.02);
        match self.person.polls {
            Polls::Patient | Polls::PublicStatus => asked_s * self.rng.random_range(1.0..1.2),
            Polls::Impatient => asked_s * self.rng.random_range(0.2..0.4),
        }
    }

    /// Asks for every ticket, or reads the public status as long as that tells enough.
    async fn look(&mut self, tickets: &mut [Ticket<'w>]) -> Option<()> {
        let public = match self.person.polls {
            Polls::PublicStatus => self.public_status().await,
            Polls::Patient | Polls::Impatient => None,
        };
        for ticket in tickets {
            let far_off = match (&public, ticket.place, ticket.state) {
                (Some(status), _, _) if status.epoch > ticket.epoch => false,
                (Some(status), Some(place), _) => status.called <= place,
                (Some(status), None, TicketState::Gathering) => {
                    status.phase == super::wire::Phase::Gathering
                }
                _ => false,
            };
            if let (true, Some(status)) = (far_off, &public) {
                ticket.poll_after_s = status.poll_after_s;
            } else {
                self.poll(ticket).await?;
            }
        }
        Some(())
    }

    async fn public_status(&self) -> Option<RoomStatus> {
        let request = Request::get(self.world.room.clone());
        let reply = self.world.browser.send(&request).await?;
        reply.json().ok()
    }

    /// `None` when the rush is over or the ticket is not accepted any more.
    async fn poll(&self, ticket: &mut Ticket<'w>) -> Option<()> {
        let request = Request::get(format!("{}/ticket", self.world.room)).bearer(&ticket.token);
        let reply = self.world.browser.send(&request).await?;
        match reply.json::<OwnState>() {
            Ok(told) if reply.status == 200 => {
                ticket.told(self.world, &told);
                Some(())
            }
            Ok(_) | Err(_) => {
                self.ticket_refused(ticket, &request, &reply);
                None
            }
        }
    }

    fn ticket_refused(&self, ticket: &Ticket<'w>, request: &Request, reply: &Reply) {
        if reply.status == 401 {
            self.world
                .ledger
                .lost_place(|| format!("the ticket of entry {} was refused", ticket.entry));
        } else if reply.status != 410 {
            self.odd(request, reply);
        }
    }

    /// Redeems a called ticket; repeating it, also at the same time, must give the same pass.
    pub(super) async fn redeem(&mut self, ticket: &mut Ticket<'w>) -> Redeemed {
        let request = Request::post(format!("{}/passes", self.world.room)).bearer(&ticket.token);
        let browser = &self.world.browser;
        if let Some(pass) = ticket.pass.take() {
            ticket.count_as(None);
            return Redeemed::Pass(pass);
        }
        let (first, second) = match self.person.retries {
            Retries::Never => (browser.send(&request).await, None),
            Retries::Again => {
                let first = browser.send(&request).await;
                let repeat = first.as_ref().is_some_and(Reply::ok);
                let second = if repeat { browser.send(&request).await } else { None };
                (first, second)
            }
            Retries::DoubleClick => tokio::join!(browser.send(&request), browser.send(&request)),
        };
        let mut redeemed = Redeemed::Gone;
        for reply in [second, first].into_iter().flatten() {
            match self.read_pass(ticket, &request, &reply).await {
                // What the first reply says counts, but a pass is a pass.
                outcome @ (Redeemed::Pass(_) | Redeemed::NotYet | Redeemed::Spent)
                    if !matches!(redeemed, Redeemed::Pass(_)) =>
                {
                    redeemed = outcome;
                }
                _ => {}
            }
        }
        redeemed
    }

    async fn read_pass(
        &self,
        ticket: &mut Ticket<'w>,
        request: &Request,
        reply: &Reply,
    ) -> Redeemed {
        if reply.ok() {
            let Ok(TakenPass { pass, ticket: signed_anew }) = reply.json() else {
                self.odd(request, reply);
                return Redeemed::Gone;
            };
            if let Some(token) = signed_anew {
                ticket.token = token;
            }
            self.world.ledger.admitted((ticket.issued_in, ticket.entry), &pass.pass);
            ticket.count_as(None);
            return Redeemed::Pass(pass);
        }
        let problem = reply.problem();
        match (reply.status, problem.code.as_str()) {
            (409, "not-your-turn") => {
                ticket.state = TicketState::Waiting;
                ticket.count_as(Some(&self.world.ledger.counts.waiting));
                let wait_s = problem.retry_after_s.unwrap_or(ticket.poll_after_s);
                if self.world.pause(wait_s).await { Redeemed::NotYet } else { Redeemed::Gone }
            }
            (409, "pass-used") => {
                // Only a ticket that was sent more than once can have been redeemed without us knowing.
                if reply.attempts == 1 {
                    self.world
                        .ledger
                        .lost_place(|| format!("entry {} was redeemed by nobody", ticket.entry));
                }
                Redeemed::Spent
            }
            (_, _) => {
                self.ticket_refused(ticket, request, reply);
                Redeemed::Gone
            }
        }
    }
}
