//! Giving a booking another token.

use super::{Bookings, Failure};
use crate::booking::{
    BookingHead, BookingId, NewToken, RotateToken, RotateTokenOutcome, RotatedBy, TokenHash,
};
use crate::secrets::BookingSecrets;

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
        let idempotency = self.idempotency(booking, key, "rotate-token", &parts);
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
    pub(super) fn next_token(&self, head: &BookingHead) -> NewToken {
        let generation = head.token_generation.saturating_add(1);
        NewToken { hash: TokenHash::of(&self.manage_token(head.id, generation)), generation }
    }

    /// Whether the token managed the booking before the one that manages it now.
    fn was_managed_by(&self, head: &BookingHead, token: TokenHash) -> bool {
        let former = head.token_generation.checked_sub(1);
        former.is_some_and(|former| TokenHash::of(&self.manage_token(head.id, former)) == token)
    }
}
