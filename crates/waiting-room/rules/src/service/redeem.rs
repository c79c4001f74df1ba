//! Redeem: a called ticket for the one pass of its subject.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::{Batcher, BatcherLimits};
use tokio::task::JoinHandle;

use super::outcome::{RedeemOutcome, RoomError};
use super::room::Room;
use super::{WaitingRoom, trip_error};
use crate::store::{Redeemed, Redemption, Result, RoomStoreError};
use crate::view::Standing;

impl WaitingRoom {
    /// Redeems a called ticket for its pass (P9). Asks the store only if the place is called, or if the
    /// ticket may have been let in while others gathered.
    pub async fn redeem(
        &self,
        room: &str,
        ticket: &str,
    ) -> std::result::Result<RedeemOutcome, RoomError> {
        let open = self.open(room)?;
        let ticket = self.verify(&open, ticket)?;
        let view = Arc::clone(&open.room.view());
        let standing = view.standing(&ticket);
        let not_yet = || RedeemOutcome::NotYourTurn {
            retry_after_s: self.poll_after_s(&open.room.view(), standing),
        };
        let (place, step) = match standing {
            Standing::Closed => return Ok(RedeemOutcome::Closed),
            Standing::Called { place } => (place, view.state.ledger.step_of(ticket.lane, place)),
            Standing::Gathering { .. } if view.line.is_drawn() => (u64::MAX, None),
            Standing::Gathering { .. } | Standing::Waiting { .. } | Standing::Admitted => {
                return Ok(not_yet());
            }
        };
        if !self.is_durable.load(Ordering::Relaxed) {
            return Err(RoomError::Unavailable);
        }
        let redemption = Redemption { lane: ticket.lane, place, step, pass_id: ticket.pass_id() };
        Ok(match open.redemptions.submit(redemption).await? {
            Redeemed::Admitted { expires_at } => {
                RedeemOutcome::Pass(self.mint(&open.room.view(), &ticket, expires_at))
            }
            Redeemed::NotCalled | Redeemed::Busy => not_yet(),
            Redeemed::Used => RedeemOutcome::Used,
        })
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
    let mut answer = room.store.redeem(room.id(), &room.digest(), batch).await;
    if matches!(answer, Err(RoomStoreError::Behind(_))) {
        room.heal().await?;
        answer = room.store.redeem(room.id(), &room.digest(), batch).await;
    }
    room.noted(answer)
}
