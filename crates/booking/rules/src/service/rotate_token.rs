//! Giving a booking another token.

use super::{Bookings, Failure};
use crate::batch::{Command, Idempotency, Outcome};
use crate::booking::{
    BookingHead, BookingId, BookingStatus, NewToken, RotateToken, RotateTokenOutcome, RotatedBy,
    TokenHash,
};
use crate::secrets::{BookingSecrets, IdempotencyScope, idempotency_key};
use crate::store::{BookingStore, StoreError};

/// So often a letter's token is tried anew where another one came first.
const ATTEMPTS_MAX: usize = 4;

impl Bookings {
    /// Gives a booking another token, for who has the one in force. The outcome says of which generation
    /// the new one is, see [`Bookings::manage_token`].
    ///
    /// Whoever repeats the request has the former token only, and gets the same new one: of the former
    /// generation it opens nothing but this.
    pub async fn rotate_token(
        &self,
        booking: BookingId,
        manage_token: &str,
        key: &str,
    ) -> Result<RotateTokenOutcome, Failure> {
        let manage_token_hash = TokenHash::of(manage_token);
        let parts = [&booking.as_bytes()[..], &manage_token_hash.0];
        let idempotency = Idempotency {
            key: idempotency_key(IdempotencyScope::Booking(booking), key),
            fingerprint: self.secrets.fingerprint("rotate-token", &parts),
        };
        let _running = self.running.enter(idempotency.key)?;
        let Some(head) = self.booking_head(booking).await? else {
            return Ok(RotateTokenOutcome::BookingNotFound);
        };
        let may_repeat = self.secrets.was_managed_by(&head, manage_token_hash);
        if head.manage_token_hash != manage_token_hash && !may_repeat {
            return Ok(RotateTokenOutcome::TokenInvalid);
        }
        let token = self.secrets.next_token(&head);
        let by = RotatedBy::Holder { manage_token_hash, idempotency };
        self.submit(RotateToken { campaign: head.campaign, booking, by, token }).await
    }
}

impl BookingSecrets {
    /// The token after the one that manages the booking now.
    fn next_token(&self, head: &BookingHead) -> NewToken {
        let generation = head.token_generation.saturating_add(1);
        NewToken { hash: TokenHash::of(&self.manage_token(head.id, generation)), generation }
    }

    /// Whether the token managed the booking before the one that manages it now.
    fn was_managed_by(&self, head: &BookingHead, token: TokenHash) -> bool {
        let former = head.token_generation.checked_sub(1);
        former.is_some_and(|former| TokenHash::of(&self.manage_token(head.id, former)) == token)
    }
}

/// The token that a letter takes to the recorded address of a booking: a new one, with which all earlier ones
/// are worth nothing. `None` if nobody has the place any more.
///
/// It works on the store alone, so that whoever sends letters needs no running service. Each call gives
/// another token: whoever sends a letter again has to take the one of the last call.
pub async fn token_for_letter(
    store: &dyn BookingStore,
    secrets: &BookingSecrets,
    booking: BookingId,
) -> Result<Option<String>, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let head = store.booking_head(booking).await?;
        let head = head.filter(|head| head.status == BookingStatus::Confirmed && head.has_person());
        let Some(head) = head else { return Ok(None) };
        let token = secrets.next_token(&head);
        let rotate = RotateToken { campaign: head.campaign, booking, by: RotatedBy::Letter, token };
        let now = store.now().await?;
        let outcomes = store.execute(&[Command::RotateToken(rotate)], now).await?.outcomes;
        if let [Outcome::RotateToken(RotateTokenOutcome::Rotated(rotated))] = outcomes.as_slice() {
            return Ok(Some(secrets.manage_token(booking, rotated.generation)));
        }
    }
    let reason = "others give the booking other tokens all the time".to_owned();
    Err(StoreError::Busy { reason, source: None })
}
