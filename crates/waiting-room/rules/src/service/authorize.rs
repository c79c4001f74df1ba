//! Authorize: whether a request may go on to what the room stands in front of.
//!
//! A pass is verified offline, by its signature and its end. Whether it was given back before its end is
//! known to the store alone, so that is looked up, for each pass once in a while, and remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Batcher, BatcherLimits, Clock as _, Timestamp};
use pass::{Claims, PassError, PassId};
use tokio::task::JoinHandle;

use super::outcome::{Authorization, NoPass, RoomError, Undecided};
use super::renewal::TICKS_OF_COLD_ROOMS;
use super::room::Room;
use super::{OpenRoom, WaitingRoom, trip_error};
use crate::settings::RoomId;
use crate::store::{Result, RoomStoreError};

/// A pass that was given back at another instance opens nothing after this time.
pub const GIVEN_BACK_KNOWN_AFTER: Duration = Duration::from_secs(5);

/// Nobody who asks for a page waits longer than this for the store: a pass is then believed.
const LOOK_TIME_MAX: Duration = Duration::from_millis(250);

/// A store that has not answered for so many renewals gives no passes out either: ten seconds, as rooms are renewed
/// by default. Rooms in which nothing moves are read seldom, and that is no silence.
const RENEWALS_MISSED_MAX: u32 = 5 * TICKS_OF_COLD_ROOMS / 2;

/// Passes that are remembered of one room; as many as can be alive at once.
const REMEMBERED_MAX: usize = 100_000;

impl WaitingRoom {
    /// Whether one of these tokens is a pass of the room that has not ended. Works for a room that is not
    /// served here, and while the store is away: then a pass is believed until its end.
    ///
    /// Costs one verification, and for each pass one look into the store within
    /// [`GIVEN_BACK_KNOWN_AFTER`], which all who come meanwhile share.
    pub async fn authorize(&self, room: &RoomId, tokens: &[&str]) -> Authorization {
        let open = self.open(room.as_str()).ok();
        let refused = match self.first_pass(room, tokens) {
            Err(refused) => refused,
            Ok(claims) => {
                let ended_early = match &open {
                    Some(open) => self.was_given_back(open, &claims).await,
                    None => false,
                };
                if !ended_early {
                    return Authorization::Pass(claims);
                }
                NoPass::GivenBack
            }
        };
        match open {
            None => Authorization::Undecided(Undecided::NotServed),
            Some(open) if self.is_silent(&open) => {
                Authorization::Undecided(Undecided::StoreSilent(refused))
            }
            Some(_) => Authorization::Refused(refused),
        }
    }

    /// The first token that is a pass; else what is wrong with the one that comes nearest to it.
    fn first_pass(&self, room: &RoomId, tokens: &[&str]) -> std::result::Result<Claims, NoPass> {
        let now = self.clock.now();
        let mut nearest = NoPass::Missing;
        for token in tokens {
            match self.parts.verifier.verify(token, room, now) {
                Ok(claims) => return Ok(claims),
                Err(error) => nearest = nearest.max(NoPass::from(&error)),
            }
        }
        Err(nearest)
    }

    async fn was_given_back(&self, open: &OpenRoom, claims: &Claims) -> bool {
        let (pass_id, now) = (claims.pass_id, self.clock.now());
        if let Some(was_given_back) = open.looks.remembered(pass_id, now) {
            return was_given_back;
        }
        let look = tokio::time::timeout(LOOK_TIME_MAX, open.pass_ends.submit(pass_id)).await;
        // Without an answer the signature is what there is, as for everybody who verifies offline.
        let Ok(Ok(ends_at)) = look else { return false };
        let was_given_back = ends_at.is_some_and(|ends_at| ends_at < claims.expires_at);
        let look = Look { was_given_back, looked_at: now, expires_at: claims.expires_at };
        open.looks.remember(pass_id, look, now);
        was_given_back
    }

    fn is_silent(&self, open: &OpenRoom) -> bool {
        let silence_max = self.parts.limits.renew_every.saturating_mul(RENEWALS_MISSED_MAX);
        open.room.view_age() > silence_max
    }
}

impl OpenRoom {
    /// Remembers that a pass was given back here, so that it opens nothing from now on.
    pub(super) fn note_given_back(&self, claims: &Claims, now: Timestamp) {
        let look = Look { was_given_back: true, looked_at: now, expires_at: claims.expires_at };
        self.looks.remember(claims.pass_id, look, now);
    }
}

/// What the store said of a pass.
struct Look {
    was_given_back: bool,
    looked_at: Timestamp,
    expires_at: Timestamp,
}

/// What the store said of the passes that asked lately.
#[derive(Default)]
pub(super) struct Looks(Mutex<HashMap<PassId, Look>>);

impl Looks {
    fn lock(&self) -> MutexGuard<'_, HashMap<PassId, Look>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the pass was given back, as far as that is still news. That it was stays true.
    fn remembered(&self, pass_id: PassId, now: Timestamp) -> Option<bool> {
        let looks = self.lock();
        let look = looks.get(&pass_id)?;
        let is_fresh = now.since(look.looked_at) < GIVEN_BACK_KNOWN_AFTER;
        (look.was_given_back || is_fresh).then_some(look.was_given_back)
    }

    fn remember(&self, pass_id: PassId, look: Look, now: Timestamp) {
        let mut looks = self.lock();
        // An answer that was on its way meanwhile may be older.
        if looks.get(&pass_id).is_some_and(|known| known.was_given_back) {
            return;
        }
        if looks.len() >= REMEMBERED_MAX {
            looks.retain(|_, look| look.expires_at.plus(pass::LEEWAY) > now);
        }
        if looks.len() < REMEMBERED_MAX {
            looks.insert(pass_id, look);
        }
    }
}

impl From<&PassError> for NoPass {
    fn from(error: &PassError) -> Self {
        match error {
            PassError::Expired => Self::Expired,
            PassError::WrongAudience => Self::OtherRoom,
            PassError::Malformed
            | PassError::WrongAlgorithm
            | PassError::WrongType
            | PassError::UnknownKey { .. }
            | PassError::BadSignature
            | PassError::WrongIssuer
            | PassError::NotYetValid
            | PassError::ClaimInvalid(_) => Self::Invalid,
        }
    }
}

pub(super) fn batcher(
    room: &Arc<Room>,
    limits: BatcherLimits,
) -> (Batcher<PassId, Option<Timestamp>, RoomError>, JoinHandle<()>) {
    let room = Arc::clone(room);
    Batcher::spawn("pass-ends", limits, move |batch: Vec<PassId>| {
        let room = Arc::clone(&room);
        async move { trip(&room, &batch).await.map_err(|error| trip_error(&error)) }
    })
}

/// A store that has forgotten the room knows no pass of it; healing it is not for those who only look.
async fn trip(room: &Room, batch: &[PassId]) -> Result<Vec<Option<Timestamp>>> {
    let answer = room.store.pass_ends(room.id(), &room.digest(), batch).await;
    if matches!(answer, Err(RoomStoreError::Behind(_))) {
        return Ok(vec![None; batch.len()]);
    }
    room.noted(answer)
}
