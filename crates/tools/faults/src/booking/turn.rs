//! Waiting for one's turn: what a citizen asks for on the waitlist.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::citizen::Citizen;
use super::history::{Asked, Booked, Told};
use crate::clock::{UnixMs, now};

/// Somebody on the waitlist, as they know it.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub entry: String,
    pub token: String,
    pub person: usize,
}

/// A place that somebody is offered.
#[derive(Clone, Debug)]
pub struct Offered {
    pub offer: String,
    pub expires_at: UnixMs,
}

/// What somebody makes of their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Accepts what is offered.
    Accepts,
    /// Declines it, and goes on waiting for another slot.
    Declines,
    /// Declines it, and waits no longer.
    DeclinesAndLeaves,
    /// Leaves before anything is offered.
    Leaves,
}

impl Citizen {
    /// Joins the waitlist for that person.
    pub async fn join(&mut self, person: usize) -> Option<Waiting> {
        let asked = Asked::Join { key: format!("turn-{}", self.number), person };
        let pass = self.pass.clone();
        let Told::Joined(entry, body) = self.insist(asked, &pass).await? else { return None };
        let token = body["waitlist_token"].as_str()?.to_owned();
        Some(Waiting { entry, token, person })
    }

    /// Looks again and again until a place is offered; `None` if none is in that time.
    pub async fn until_offered(&mut self, waiting: &Waiting, time: Duration) -> Option<Offered> {
        let began = now();
        while u128::from((now() - began).unsigned_abs()) < time.as_millis() {
            let asked = Asked::LookUp { entry: waiting.entry.clone() };
            if let Told::Entry(body) = self.insist(asked, &waiting.token).await?
                && let Some(offered) = offered(&body)
            {
                return Some(offered);
            }
            self.rest(0.1..0.3).await;
        }
        None
    }

    /// Accepts an offer under that key.
    pub async fn accept(&mut self, key: &str, waiting: &Waiting, offer: &str) -> Option<Booked> {
        let asked = accepting(key, waiting, offer);
        let Told::Booked(booked) = self.insist(asked, &waiting.token).await? else { return None };
        Some(booked)
    }

    /// Lives through a whole turn: joins, and waits so long for an offer.
    pub async fn wait(&mut self, person: usize, turn: Turn, time: Duration) -> Option<()> {
        let waiting = self.join(person).await?;
        let (entry, token) = (waiting.entry.clone(), waiting.token.clone());
        if turn == Turn::Leaves {
            return self.insist(Asked::Leave { entry }, &token).await.map(drop);
        }
        let Offered { offer, .. } = self.until_offered(&waiting, time).await?;
        let stay = turn == Turn::Declines;
        if turn == Turn::Accepts {
            self.accept(&format!("accept-{}", self.number), &waiting, &offer).await.map(drop)
        } else {
            self.insist(Asked::Decline { entry, offer, stay }, &token).await.map(drop)
        }
    }
}

/// The acceptance of an offer under that key.
pub fn accepting(key: &str, waiting: &Waiting, offer: &str) -> Asked {
    Asked::Accept {
        key: key.to_owned(),
        person: waiting.person,
        entry: waiting.entry.clone(),
        offer: offer.to_owned(),
    }
}

fn offered(body: &Value) -> Option<Offered> {
    let expires_at: Timestamp = body["offer"]["expires_at"].as_str()?.parse().ok()?;
    let offer = body["offer"]["id"].as_str()?.to_owned();
    Some(Offered { offer, expires_at: expires_at.as_millisecond() })
}
