//! `einlass campaign list` and `einlass campaign show`.

use booking::{BookingStore, Campaign, Revision};
use kernel::CampaignId;

/// The campaigns in force with their revisions.
pub async fn list(store: &dyn BookingStore) -> anyhow::Result<u8> {
    for campaign in store.campaigns().await? {
        let history = store.revisions(&campaign.id).await?;
        let revision = history.last().map_or(0, |last| last.number);
        println!("{} revision {revision}: {}", campaign.id, campaign.title_en);
    }
    Ok(0)
}

/// One campaign and its history, or the definition of one revision.
pub async fn show(
    store: &dyn BookingStore,
    id: &CampaignId,
    revision: Option<u64>,
) -> anyhow::Result<u8> {
    let history = store.revisions(id).await?;
    if history.is_empty() {
        eprintln!("there is no campaign {id}; `einlass campaign list` lists those in force");
        return Ok(1);
    }
    if let Some(number) = revision {
        return Ok(print_definition(&history, number));
    }
    let in_force = store.campaigns().await?.into_iter().find(|campaign| campaign.id == *id);
    match in_force {
        Some(campaign) => print_campaign(store, &campaign).await?,
        None => println!("{id}: not in force"),
    }
    for revision in &history {
        print_revision(revision);
    }
    Ok(0)
}

async fn print_campaign(store: &dyn BookingStore, campaign: &Campaign) -> anyhow::Result<()> {
    println!("{}: {}", campaign.id, campaign.title_en);
    let closed = campaign.slots.iter().filter(|slot| slot.closed).count();
    println!("slots            {}, {closed} of them closed", campaign.slots.len());
    let now = store.now().await?;
    if let Some(availability) = store.availability(&campaign.id, now).await? {
        println!("places bookable  {} at {now}", availability.places_left());
        let held = availability.held;
        println!("on hold          {} seats of {} passes", held.seats, held.passes);
    }
    println!("closes at        {}", campaign.closes_at);
    Ok(())
}

fn print_revision(revision: &Revision) {
    let Revision { number, actor, applied_at, reason, definition } = revision;
    let what = if definition.is_some() { "in force since" } else { "removed at" };
    let reason =
        reason.as_ref().map_or_else(String::new, |reason| format!(": {}", reason.as_str()));
    println!("revision {number:<7} {what} {applied_at}, by {}{reason}", actor.as_str());
}

fn print_definition(history: &[Revision], number: u64) -> u8 {
    let found = history.iter().find(|revision| revision.number == number);
    if let Some(definition) = found.and_then(|revision| revision.definition.as_ref()) {
        println!("{definition}");
        return 0;
    }
    eprintln!("revision {number} has no definition: it was a removal, or there is none");
    1
}
