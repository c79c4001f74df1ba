//! What an instance remembers of all campaigns.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::booking::Command;
use kernel::CampaignId;

use super::Mirror;

/// Batches that take the careful path after one found that somebody else is writing too: trying again at once would
/// only cost one more round trip each.
pub(super) const PAUSE_BATCHES: u32 = 16;

/// One mirror for each campaign; it is taken out while a batch decides on it.
#[derive(Debug, Default)]
pub(crate) struct Mirrors(Mutex<HashMap<CampaignId, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    mirror: Option<Mirror>,
    /// So many batches take the careful path yet.
    pause: u32,
}

impl Mirrors {
    /// The mirror of the one campaign of a batch, if there is one and it is worth an attempt.
    pub fn take(&self, commands: &[Command]) -> Option<Mirror> {
        let campaign = commands.first()?.campaign();
        if commands.iter().any(|command| command.campaign() != campaign) {
            return None;
        }
        let mut entries = self.entries();
        let entry = entries.get_mut(campaign)?;
        if entry.pause > 0 {
            entry.pause -= 1;
            return None;
        }
        entry.mirror.take()
    }

    /// Puts a mirror back.
    pub fn keep(&self, mirror: Mirror) {
        let campaign = mirror.campaign.id.clone();
        self.entries().entry(campaign).or_default().mirror = Some(mirror);
    }

    /// Forgets a mirror that has turned out to be outdated.
    pub fn pause(&self, mirror: &Mirror) {
        let entry = Entry { mirror: None, pause: PAUSE_BATCHES };
        self.entries().insert(mirror.campaign.id.clone(), entry);
    }

    /// Remembers what a batch has loaded and written, `before` being the number at which it was loaded.
    pub fn learn(&self, before: i64, later: Mirror) {
        let mut entries = self.entries();
        let entry = entries.entry(later.campaign.id.clone()).or_default();
        match &mut entry.mirror {
            Some(mirror) if mirror.sequence == before && mirror.revision == later.revision => {
                mirror.merge(later);
            }
            other => *other = Some(later),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<CampaignId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
