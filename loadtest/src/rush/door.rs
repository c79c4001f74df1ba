//! Joining: the residence question, and coming back with a ticket.

use serde_json::json;

use super::browser::Request;
use super::visitor::Visitor;
use super::waiting::Ticket;
use super::wire::OwnState;

/// A door that is still closed, or asks back, is tried so often.
const TRIES_MAX: u32 = 100;

/// How joining went.
pub(super) enum Joined<'w> {
    Ticket(Ticket<'w>),
    /// 403: cannot book here.
    TurnedAway,
    /// The room is closed, the rush is over, or the reply made no sense.
    Gone,
}

impl<'w> Visitor<'w> {
    /// Asks for a ticket, answering what the door asks.
    pub(super) async fn join(&mut self) -> Joined<'w> {
        for _ in 0..TRIES_MAX {
            // Whoever gets no reply asks again under the same key and gets the same entry.
            let request = self.joining().key(self.new_key());
            let Some(reply) = self.world.browser.send(&request).await else {
                return Joined::Gone;
            };
            if reply.ok() {
                return match reply.json::<OwnState>() {
                    Ok(ref told @ OwnState { ticket: Some(ref token), .. }) => {
                        Joined::Ticket(Ticket::new(self.world, token.clone(), told))
                    }
                    Ok(_) | Err(_) => self.unreadable(&request, &reply),
                };
            }
            let problem = reply.problem();
            match problem.code.as_str() {
                "not-eligible" => return Joined::TurnedAway,
                "municipality-required" if self.ags.is_none() => {
                    let own = self.person.ags.as_ref();
                    self.ags = problem
                        .municipalities
                        .iter()
                        .find(|municipality| own.is_none_or(|own| municipality.ags == *own))
                        .map(|municipality| municipality.ags.clone());
                    if self.ags.is_none() {
                        return self.unreadable(&request, &reply);
                    }
                }
                "room-not-open" => {
                    if !self.world.pause(problem.retry_after_s.unwrap_or(1.0)).await {
                        return Joined::Gone;
                    }
                }
                "room-closed" => return Joined::Gone,
                _unexpected => return self.unreadable(&request, &reply),
            }
        }
        Joined::Gone
    }

    /// Presents the ticket at the door again, as a browser does that was closed and opened: it must come back as
    /// it was.
    pub(super) async fn come_back(&mut self, ticket: &mut Ticket<'w>) {
        let request = self.joining().bearer(&ticket.token);
        let Some(reply) = self.world.browser.send(&request).await else {
            return;
        };
        match reply.json::<OwnState>() {
            Ok(told) if reply.ok() => ticket.told(self.world, &told),
            Ok(_) | Err(_) if reply.status == 410 => {}
            Ok(_) | Err(_) => {
                let (entry, status) = (ticket.entry, reply.status);
                let code = reply.problem().code;
                let seen = || format!("entry {entry} came back and was told {status} {code}");
                if matches!(status, 401 | 403) {
                    self.world.ledger.lost_place(seen);
                } else {
                    self.world.ledger.note(seen);
                }
            }
        }
    }

    fn joining(&self) -> Request {
        let mut residence = json!({ "postcode": self.person.postcode });
        if let Some(ags) = &self.ags {
            residence["ags"] = json!(ags);
        }
        Request::post(format!("{}/tickets", self.world.room))
            .json(&json!({ "residence": residence }))
    }

    fn unreadable(&self, request: &Request, reply: &super::browser::Reply) -> Joined<'w> {
        self.odd(request, reply);
        Joined::Gone
    }
}
