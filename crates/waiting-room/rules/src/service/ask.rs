//! Ask: where a ticket stands. From memory; no store is asked (P13).

use std::sync::Arc;

use super::WaitingRoom;
use super::outcome::{Answer, IssuedPass, RoomError};
use crate::line::ticket::Ticket;
use crate::view::{RoomView, Standing};

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
        view: &RoomView,
        mut ticket: Ticket,
        text: Option<&str>,
        pass: Option<IssuedPass>,
    ) -> Answer {
        // Whoever is let in on arrival needs no proof of a call, and while others gather there was none.
        let (standing, is_called) = match (&pass, view.place(&ticket)) {
            (Some(_), Some(place)) => (Standing::Called { place }, false),
            (Some(_), None) => (Standing::Admitted, false),
            (None, _) => {
                let standing = view.standing(&ticket);
                (standing, matches!(standing, Standing::Called { .. }))
            }
        };
        let block = view.line.draw_of(&ticket).map(|draw| draw.block);
        let block = block.or(ticket.block);
        // What was called before the draw was not the place that it gave.
        let is_called = is_called || (ticket.is_called && ticket.block == block);
        let text = text.filter(|_| (block, is_called) == (ticket.block, ticket.is_called));
        (ticket.block, ticket.is_called) = (block, is_called);
        Answer {
            is_renewed: text.is_none(),
            ticket: text.map_or_else(|| self.parts.ticket_keys.issue(&ticket), str::to_owned),
            epoch: view.state.memory.epoch,
            entry: ticket.entry,
            subject: ticket.subject,
            standing,
            poll_after_s: self.poll_after_s(view, standing),
            pass,
        }
    }
}
