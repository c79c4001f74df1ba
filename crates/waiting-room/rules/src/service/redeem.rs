//! Redeem: a called ticket for the one pass of its subject.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::{Batcher, BatcherLimits, Timestamp};
use tokio::task::JoinHandle;

use super::ask::proofs;
use super::outcome::{RedeemOutcome, RoomError};
use super::room::Room;
use super::{WaitingRoom, trip_error};
use crate::line::ticket::Ticket;
use crate::store::{Redeemed, Redemption, Result};
use crate::view::{RoomView, Standing};

impl WaitingRoom {
    /// Redeems a called ticket for its pass (P9). Asks the store only if the place is called, or if the
    /// ticket may have been let in while others gathered.
    pub async fn redeem(
        &self,
        room: &str,
        text: &str,
    ) -> std::result::Result<RedeemOutcome, RoomError> {
        let open = self.open(room)?;
        let ticket = self.verify(&open, text)?;
        let view = Arc::clone(&open.room.view());
        let standing = view.standing(&ticket);
        let not_yet = || RedeemOutcome::NotYourTurn {
            retry_after_s: self.poll_after_s(&open.room.view(), standing),
        };
        let (place, step) = match standing {
            Standing::Closed => return Ok(RedeemOutcome::Closed),
            Standing::Called { place } => (place, view.state.ledger.step_of(ticket.lane, place)),
            Standing::Used { .. } => return Ok(RedeemOutcome::Used { ticket: text.to_owned() }),
            Standing::Admitted => (u64::MAX, None),
            Standing::Gathering { .. } if view.line.is_drawn() => (u64::MAX, None),
            Standing::Gathering { .. } | Standing::Waiting { .. } => return Ok(not_yet()),
        };
        if !self.is_durable.load(Ordering::Relaxed) {
            return Err(RoomError::Unavailable);
        }
        let redemption = Redemption { lane: ticket.lane, place, step, pass_id: ticket.pass_id() };
        Ok(match open.redemptions.submit(redemption).await? {
            Redeemed::Admitted { expires_at } => {
                if ticket.pass_ends_at.is_none() {
                    open.measures.admitted();
                }
                let pass = self.mint(&view, &ticket, expires_at);
                RedeemOutcome::Pass { pass, ticket: self.let_in(&view, ticket, expires_at) }
            }
            Redeemed::NotCalled | Redeemed::Busy => not_yet(),
            Redeemed::Used => {
                // Given back before its time, perhaps.
                let ended_at = ticket.pass_ends_at.map_or(view.as_of, |at| at.min(view.as_of));
                RedeemOutcome::Used { ticket: self.let_in(&view, ticket, ended_at) }
            }
        })
    }

    /// The ticket signed anew: its holder knows of the pass, which ends then.
    fn let_in(&self, view: &RoomView, mut ticket: Ticket, pass_ends_at: Timestamp) -> String {
        let proofs = proofs(view, &ticket);
        ticket.pass_ends_at = Some(pass_ends_at);
        self.sign_anew(ticket, proofs)
    }
}

pub(super) fn batcher(
    room: &Arc<Room>,
    limits: BatcherLimits,
) -> (Batcher<Redemption, Redeemed, RoomError>, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("redemptions", limits, move |batch: Vec<Redemption>| {
        let room = Arc::clone(&room);
        async move { trip(&room, &batch).await.map_err(|error| trip_error(&error)) }
    })
}

async fn trip(room: &Room, batch: &[Redemption]) -> Result<Vec<Redeemed>> {
    room.stir();
    room.ask_store(|digest| async move { room.store.redeem(room.id(), &digest, batch).await }).await
}
