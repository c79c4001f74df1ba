//! Codes: the operator issues priority codes, and revokes them.

use super::{Expected, SetOutcome, Shown, set, show};
use crate::audit::By;
use crate::draw::DrawKey;
use crate::lane::Lane;
use crate::live::LiveChange;
use crate::memory::Memory;
use crate::priority::{CodeNumber, CodesMistake, PriorityCodes, PriorityKey};
use crate::service::outcome::RoomError;
use crate::service::{Parts, WaitingRoom, unavailable};
use crate::settings::RoomId;
use crate::store::{Result, RoomStore, RoomStoreError};

/// How often a change is tried again when others were first.
const ATTEMPTS: u32 = 5;

/// A batch of codes.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedCodes {
    /// The number of the batch, from 0: by it all of them are revoked at once.
    pub batch: usize,
    /// The codes. Nobody keeps them: they can be written down now.
    pub codes: Vec<String>,
}

/// A code opens a lane to whoever has it, so none is printed.
impl std::fmt::Debug for IssuedCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuedCodes(batch {}, {} codes)", self.batch, self.codes.len())
    }
}

/// What issuing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueOutcome {
    /// They are good from now on.
    Issued(IssuedCodes),
    /// The store does not know the room.
    UnknownRoom,
    /// The lane `priority` has no share of the pace: with a code people would come later than without.
    NoShare,
    /// The room was created under another draw key, by which its codes are read.
    OtherKey,
    /// So many cannot be issued.
    Mistaken(CodesMistake),
}

impl IssueOutcome {
    /// The codes, `None` if the store does not know the room; or in words for the operator why there are none.
    pub fn verdict(self) -> std::result::Result<Option<IssuedCodes>, String> {
        match self {
            Self::Issued(issued) => Ok(Some(issued)),
            Self::UnknownRoom => Ok(None),
            Self::NoShare => Err(
                "nothing was issued: the lane priority has no share of the pace, so with a code people \
                 would come later than without; give it one first, with shares such as 80,0,20"
                    .into(),
            ),
            Self::OtherKey => Err(
                "nothing was issued: the room was created under another draw key, and would not read \
                 these codes; use the key file that its service uses"
                    .into(),
            ),
            Self::Mistaken(mistake) => Err(format!("nothing was issued: {mistake}")),
        }
    }
}

/// Which codes are revoked.
#[derive(Clone, Copy)]
pub enum Revoke<'a> {
    /// All of this batch.
    Batch(usize),
    /// This one.
    Code(&'a str),
}

/// What revoking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// They let nobody in from now on, in no instance. Whoever has joined with one keeps the place.
    Revoked,
    /// They were revoked before.
    Unchanged,
    /// The store does not know the room.
    UnknownRoom,
    /// There is no such batch.
    UnknownBatch {
        /// So many were issued.
        issued: usize,
    },
    /// It is no code of this line.
    UnknownCode,
    /// So many cannot be revoked.
    Mistaken(CodesMistake),
}

impl RevokeOutcome {
    /// What became of the codes, `None` if the store does not know the room; or in words for the operator why nothing
    /// was changed.
    pub fn verdict(&self) -> std::result::Result<Option<&'static str>, String> {
        match self {
            Self::Revoked => Ok(Some("revoked; whoever has joined with them keeps the place")),
            Self::Unchanged => Ok(Some("was revoked before")),
            Self::UnknownRoom => Ok(None),
            Self::UnknownBatch { issued } => Err(format!(
                "nothing was revoked: {issued} batches were issued, and they are counted from 0"
            )),
            Self::UnknownCode => {
                Err("nothing was revoked: that is no code of this room".to_owned())
            }
            Self::Mistaken(mistake) => Err(format!("nothing was revoked: {mistake}")),
        }
    }
}

/// Issues so many codes. The next batch begins where the last one ends, also if somebody else issues at the same
/// moment.
pub async fn issue_codes(
    store: &dyn RoomStore,
    draw_key: &DrawKey,
    room: &RoomId,
    count: u32,
    by: &By,
) -> Result<IssueOutcome> {
    for _ in 0..ATTEMPTS {
        let Some(shown) = show(store, room).await? else { return Ok(IssueOutcome::UnknownRoom) };
        let live = &shown.reading.state.memory.live;
        if live.shares[Lane::Priority] == 0 {
            return Ok(IssueOutcome::NoShare);
        }
        if !shown.settings.is_drawn_with(draw_key) {
            return Ok(IssueOutcome::OtherKey);
        }
        let batch = live.codes.batches.len();
        let next = match live.codes.with_batch(count) {
            Ok(next) => next,
            Err(mistake) => return Ok(IssueOutcome::Mistaken(mistake)),
        };
        let numbers = next.batch(batch).unwrap_or_default();
        if change_codes(store, &shown, next, by).await? {
            let key = key(draw_key, &shown);
            let codes = numbers.filter_map(CodeNumber::new).map(|number| key.code(number));
            return Ok(IssueOutcome::Issued(IssuedCodes { batch, codes: codes.collect() }));
        }
    }
    Err(RoomStoreError::Unavailable("others keep changing the room".into()))
}

/// Revokes codes, whether they were used or not.
pub async fn revoke_codes(
    store: &dyn RoomStore,
    draw_key: &DrawKey,
    room: &RoomId,
    revoke: Revoke<'_>,
    by: &By,
) -> Result<RevokeOutcome> {
    for _ in 0..ATTEMPTS {
        let Some(shown) = show(store, room).await? else { return Ok(RevokeOutcome::UnknownRoom) };
        let codes = &shown.reading.state.memory.live.codes;
        let range = match revoke {
            Revoke::Batch(batch) => {
                let issued = codes.batches.len();
                codes.batch(batch).ok_or(RevokeOutcome::UnknownBatch { issued })
            }
            Revoke::Code(text) => {
                let number = key(draw_key, &shown).read(text).map(CodeNumber::get);
                number.map(|number| number..number + 1).ok_or(RevokeOutcome::UnknownCode)
            }
        };
        let range = match range {
            Ok(range) => range,
            Err(unknown) => return Ok(unknown),
        };
        let next = match codes.without(&range) {
            Ok(next) if next == *codes => return Ok(RevokeOutcome::Unchanged),
            Ok(next) => next,
            Err(mistake) => return Ok(RevokeOutcome::Mistaken(mistake)),
        };
        if change_codes(store, &shown, next, by).await? {
            return Ok(RevokeOutcome::Revoked);
        }
    }
    Err(RoomStoreError::Unavailable("others keep changing the room".into()))
}

impl WaitingRoom {
    /// Issues codes of a room that is served here.
    pub async fn issue_codes(
        &self,
        room: &str,
        count: u32,
        by: &By,
    ) -> std::result::Result<IssueOutcome, RoomError> {
        let open = self.open(room)?;
        let Parts { store, draw_key, .. } = &self.parts;
        let issued = issue_codes(&**store, draw_key, open.room.id(), count, by).await;
        issued.map_err(|error| unavailable(&error))
    }

    /// Revokes codes of a room that is served here.
    pub async fn revoke_codes(
        &self,
        room: &str,
        revoke: Revoke<'_>,
        by: &By,
    ) -> std::result::Result<RevokeOutcome, RoomError> {
        let open = self.open(room)?;
        let Parts { store, draw_key, .. } = &self.parts;
        let revoked = revoke_codes(&**store, draw_key, open.room.id(), revoke, by).await;
        revoked.map_err(|error| unavailable(&error))
    }
}

/// Gives whether nobody else changed the levers first.
async fn change_codes(
    store: &dyn RoomStore,
    shown: &Shown,
    codes: PriorityCodes,
    by: &By,
) -> Result<bool> {
    let change = LiveChange { codes: Some(codes), ..LiveChange::default() };
    let Memory { incarnation, live, .. } = &shown.reading.state.memory;
    let expected = Expected { incarnation: Some(*incarnation), version: live.version };
    match set(store, &shown.settings.room, &change.into(), Some(expected), by).await? {
        SetOutcome::Set(_) => Ok(true),
        SetOutcome::Changed { .. } | SetOutcome::UnknownRoom => Ok(false),
        SetOutcome::Mistaken(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Err(RoomStoreError::Unusable(mistakes.join("; ")))
        }
    }
}

fn key(draw_key: &DrawKey, shown: &Shown) -> PriorityKey {
    PriorityKey::new(draw_key, &shown.settings.room, shown.settings.incarnation)
}
