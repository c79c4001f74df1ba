//! The token that a letter takes along.

use crate::batch::{Command, Outcome};
use crate::booking::{BookingId, BookingStatus, RotateToken, RotateTokenOutcome, RotatedBy};
use crate::secrets::BookingSecrets;
use crate::store::{BookingStore, StoreError};

/// So often it is tried anew where another token came first.
const ATTEMPTS_MAX: usize = 4;

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::ManualClock;

    use super::*;
    use crate::booking::TokenHash;
    use crate::contract::scene;
    use crate::memory::MemoryStore;

    #[tokio::test]
    async fn each_letter_has_the_token_in_force() {
        let store = MemoryStore::new(Arc::new(ManualClock::at(scene::at(1))));
        let secrets = BookingSecrets::new(&[1; 32], &[2; 32]);
        store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("answers");
        let pass = scene::grant(1, 4, scene::at(0));
        let book = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0));
        store.execute(&[book], scene::at(0)).await.expect("answers");
        let booking = scene::booking_id(1);
        let letter = async || token_for_letter(&store, &secrets, booking).await.expect("answers");
        let stored = async || {
            let head = store.booking_head(booking).await.expect("answers");
            head.expect("the booking").manage_token_hash
        };
        let first = letter().await.expect("a token");
        assert_eq!(stored().await, TokenHash::of(&first));
        let second = letter().await.expect("another token");
        assert_eq!((stored().await, first != second), (TokenHash::of(&second), true));

        let unknown = token_for_letter(&store, &secrets, scene::booking_id(9)).await;
        assert_eq!(unknown.expect("answers"), None);
        let Command::CancelBooking(mut cancel) = scene::cancel(1, scene::key(2, 0)) else { return };
        cancel.manage_token_hash = TokenHash::of(&second);
        store.execute(&[cancel.into()], scene::at(2)).await.expect("answers");
        assert_eq!(letter().await, None, "nobody has the place any more");
    }
}
