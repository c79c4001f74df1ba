//! The token that a letter takes along.

use crate::batch::{Command, Idempotency, Outcome};
use crate::booking::{BookingId, BookingStatus, RotateToken, RotateTokenOutcome, RotatedBy};
use crate::mail::MailId;
use crate::secrets::BookingSecrets;
use crate::store::{BookingStore, StoreError};

/// So often it is tried anew where another token came first.
const ATTEMPTS_MAX: usize = 4;

/// The token that a letter takes to the recorded address of a booking: a new one, with which all earlier ones
/// are worth nothing. `None` if nobody has the place any more, or if the booking has got yet another token since
/// this letter got its own: the last one counts.
///
/// It works on the store alone, so that whoever sends letters needs no running service. The same letter has the
/// same token however often it is asked for: one that is sent twice is the same twice.
pub async fn token_for_letter(
    store: &dyn BookingStore,
    secrets: &BookingSecrets,
    booking: BookingId,
    letter: &MailId,
) -> Result<Option<String>, StoreError> {
    let key = secrets.fingerprint("token-for-letter", &[letter.to_string().as_bytes()]);
    let idempotency = Idempotency { key, fingerprint: key };
    for _ in 0..ATTEMPTS_MAX {
        let head = store.booking_head(booking).await?;
        let head = head.filter(|head| head.status == BookingStatus::Confirmed && head.has_person());
        let Some(head) = head else { return Ok(None) };
        let token = secrets.next_token(&head);
        let by = RotatedBy::Letter { idempotency };
        let rotate = RotateToken { campaign: head.campaign, booking, by, token };
        let now = store.now().await?;
        let outcomes = store.execute(&[Command::RotateToken(rotate)], now).await?.outcomes;
        if let [Outcome::RotateToken(RotateTokenOutcome::Rotated(rotated))] = outcomes.as_slice() {
            let is_in_force = rotated.generation >= head.token_generation;
            let token = || secrets.manage_token(booking, rotated.generation);
            return Ok(is_in_force.then(token));
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
    use crate::mail::MailKind;
    use crate::memory::MemoryStore;

    fn letter(number: u64) -> MailId {
        MailId { campaign: scene::slot("rehearsal"), number, kind: MailKind::Link, copy: 0 }
    }

    #[tokio::test]
    async fn each_letter_has_a_token_and_the_last_one_counts() {
        let store = MemoryStore::new(Arc::new(ManualClock::at(scene::at(1))));
        let secrets = BookingSecrets::new(&[1; 32], &[2; 32]);
        store.apply_campaign(&scene::plan(), scene::at(0)).await.expect("answers");
        let pass = scene::grant(1, 4, scene::at(0));
        let book = scene::book_slot(&pass, "c", 1, 1, scene::key(1, 0));
        store.execute(&[book], scene::at(0)).await.expect("answers");
        let booking = scene::booking_id(1);
        let of = async |booking, number| {
            let token = token_for_letter(&store, &secrets, booking, &letter(number)).await;
            token.expect("answers")
        };
        let stored = async || {
            let head = store.booking_head(booking).await.expect("answers");
            head.expect("the booking").manage_token_hash
        };
        let first = of(booking, 7).await.expect("a token");
        assert_eq!(stored().await, TokenHash::of(&first));
        assert_eq!(of(booking, 7).await, Some(first.clone()), "the same letter");
        assert_eq!(stored().await, TokenHash::of(&first));
        let second = of(booking, 8).await.expect("another token");
        assert_eq!((stored().await, first != second), (TokenHash::of(&second), true));
        assert_eq!(of(booking, 7).await, None, "a later letter has gone out");
        assert_eq!(stored().await, TokenHash::of(&second), "and stays good");

        assert_eq!(of(scene::booking_id(9), 7).await, None);
        let Command::CancelBooking(mut cancel) = scene::cancel(1, scene::key(2, 0)) else { return };
        cancel.manage_token_hash = TokenHash::of(&second);
        store.execute(&[cancel.into()], scene::at(2)).await.expect("answers");
        assert_eq!(of(booking, 8).await, None, "nobody has the place any more");
    }
}
