//! What an instance remembers of all campaigns.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::booking::Command;
use kernel::CampaignId;

use super::Mirror;
use super::mirror::Moment;

/// Batches that take the careful path after one found that somebody else is writing too: trying again at once would
/// only cost one more round trip each.
pub(super) const PAUSE_BATCHES: u32 = 16;

/// So many campaigns are remembered, each with some megabytes at most. Beyond that all others are forgotten: what is
/// remembered only saves time.
const CAMPAIGNS_MAX: usize = 32;

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
        Self::entry(&mut self.entries(), campaign).mirror = Some(mirror);
    }

    /// Forgets a mirror that has turned out to be outdated.
    pub fn pause(&self, mirror: &Mirror) {
        let entry = Entry { mirror: None, pause: PAUSE_BATCHES };
        self.entries().insert(mirror.campaign.id.clone(), entry);
    }

    /// Remembers what a batch has loaded and written, `before` being the moment at which it was loaded.
    pub fn learn(&self, before: Moment, later: Mirror) {
        let mut entries = self.entries();
        let entry = Self::entry(&mut entries, later.campaign.id.clone());
        match &mut entry.mirror {
            Some(mirror) if mirror.moment() == before => mirror.merge(later),
            other => *other = Some(later),
        }
    }

    fn entry(entries: &mut HashMap<CampaignId, Entry>, campaign: CampaignId) -> &mut Entry {
        if entries.len() >= CAMPAIGNS_MAX && !entries.contains_key(&campaign) {
            entries.clear();
        }
        entries.entry(campaign).or_default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<CampaignId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
