//! Preview: what would come of creating a room.

use std::cmp::Ordering;

use kernel::{FieldChange, differences};

use crate::settings::RoomSettings;
use crate::store::{Created, Result, RoomStore};

/// What would come of creating a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPreview {
    /// What the store would answer now. It does not tell a room that was removed from one that never
    /// was: creating that one again is refused only when it is done, and changes nothing either.
    pub created: Created,
    /// In what the settings differ from those of the room of this name.
    pub changes: Vec<FieldChange>,
}

impl RoomPreview {
    /// What would become of the room, in words for the operator; or why it would not be created, with
    /// every field that is in the way.
    pub fn verdict(&self) -> std::result::Result<&'static str, String> {
        self.created.verdict().map_err(|why| {
            let changes = self.changes.iter().map(|change| format!("\n  {change}"));
            format!("{why}{}", changes.collect::<String>())
        })
    }
}

/// Asks the store what it has under this name, and whether it can be used at all. Changes nothing.
pub async fn preview(store: &dyn RoomStore, settings: &RoomSettings) -> Result<RoomPreview> {
    store.ready().await?;
    let Some(known) = store.settings(&settings.room).await? else {
        return Ok(RoomPreview { created: Created::New, changes: Vec::new() });
    };
    let created = match known.incarnation.cmp(&settings.incarnation) {
        Ordering::Less => Created::Replaced,
        Ordering::Greater => Created::Outdated,
        Ordering::Equal if known == *settings => Created::Unchanged,
        Ordering::Equal => Created::Different,
    };
    Ok(RoomPreview { created, changes: differences(&known, settings) })
}
