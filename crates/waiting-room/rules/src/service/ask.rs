//! Ask: where a ticket stands. From memory; no store is asked (P13).

use std::sync::Arc;

use super::WaitingRoom;
use super::outcome::{Answer, IssuedPass, RoomError};
use crate::line::Block;
use crate::line::ticket::Ticket;
use crate::view::RoomView;

impl WaitingRoom {
    /// Says where a ticket stands.
    pub fn ask(&self, room: &str, ticket: &str) -> Result<Answer, RoomError> {
        let open = self.open(room)?;
        let verified = self.verify(&open, ticket)?;
        let view = Arc::clone(&open.room.view());
        Ok(self.answer(&view, verified, Some(ticket), None))
    }

    /// The answer for `ticket`, whose text is `text` if it has one already. A ticket that can prove more
    /// than it does is signed anew: the block it was drawn in, and that it was called (P12).
    pub(super) fn answer(
        &self,
        view: &Arc<RoomView>,
        ticket: Ticket,
        text: Option<&str>,
        pass: Option<IssuedPass>,
    ) -> Answer {
        let standing = view.standing(&ticket);
        let proofs = proofs(view, &ticket);
        let text = text.filter(|_| proofs == Proofs::in_hand(&ticket));
        let claim_until = view.claim_until(&ticket, standing);
        let Ticket { lane, entry, issued_at, subject, .. } = ticket;
        Answer {
            is_renewed: text.is_none(),
            ticket: text.map_or_else(|| self.sign_anew(ticket, proofs), str::to_owned),
            view: Arc::clone(view),
            now: self.now(),
            epoch: view.state.memory.epoch,
            lane,
            entry,
            issued_at,
            subject,
            standing,
            claim_until,
            poll_after_s: self.poll_after_s(view, standing),
            pass,
        }
    }

    /// The text of a ticket with what it can prove.
    pub(super) fn sign_anew(&self, mut ticket: Ticket, proofs: Proofs) -> String {
        (ticket.block, ticket.is_called) = (proofs.block, proofs.is_called);
        self.parts.signing.load().ticket_keys.issue(&ticket)
    }
}

/// What a ticket proves of its place.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Proofs {
    block: Option<Block>,
    is_called: bool,
}

impl Proofs {
    const fn in_hand(ticket: &Ticket) -> Self {
        Self { block: ticket.block, is_called: ticket.is_called }
    }
}

/// All that a ticket can prove by now.
pub(super) fn proofs(view: &RoomView, ticket: &Ticket) -> Proofs {
    let block = view.line.draw_of(ticket).map(|draw| draw.block).or(ticket.block);
    // What was called before the draw was not the place that it gave.
    let was_called = ticket.is_called && ticket.block == block;
    // Whoever was let in needs no proof of a call, and while others gathered there was none.
    let is_called = ticket.pass_ends_at.is_none() && view.is_called(ticket);
    Proofs { block, is_called: was_called || is_called }
}
