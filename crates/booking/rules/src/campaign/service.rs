//! What an operator and a starting service do with campaigns. They work on the store alone, by its
//! clock, so that a command line can do them without a running service.

use super::CampaignPlan;
use super::apply::{Applied, ApplyCampaign, Expected, Intent};
use super::preview::{Preview, SlotFate};
use super::remove::{RemoveCampaign, Removed};
use crate::store::{BookingStore, StoreError};

/// Applies a plan, or says what would come of it.
pub async fn apply(
    store: &dyn BookingStore,
    request: &ApplyCampaign,
) -> Result<Applied, StoreError> {
    store.change_campaign(request, store.now().await?).await
}

/// Removes a campaign, or says what would come of it.
pub async fn remove(
    store: &dyn BookingStore,
    request: &RemoveCampaign,
) -> Result<Removed, StoreError> {
    store.remove_campaign(request, store.now().await?).await
}

/// Creates the campaign if it is missing. What is in force stays as it is; where it differs from the
/// plan, the answer says so in words for the log.
pub async fn start(
    store: &dyn BookingStore,
    plan: CampaignPlan,
) -> Result<Option<String>, StoreError> {
    let request = ApplyCampaign::at_start(plan);
    let applied = apply(store, &request).await?;
    let revision = match applied {
        Applied::Created(_) | Applied::Updated(_) | Applied::Unchanged { .. } => return Ok(None),
        Applied::OtherRevision { revision } => revision,
        Applied::WasRemoved { .. } | Applied::Refused(_) => {
            return Ok(applied.verdict().err());
        }
    };
    let what_if = ApplyCampaign { expected: Expected::Any, intent: Intent::Preview, ..request };
    let differences = match apply(store, &what_if).await? {
        Applied::Updated(preview) => names(&preview),
        other => other.verdict().unwrap_or_else(|why| why),
    };
    Ok(Some(format!("stays in force as revision {revision}; its file differs: {differences}")))
}

/// The fields and the slots that a preview is about, without their values.
fn names(preview: &Preview) -> String {
    let mut names: Vec<String> = preview.fields.iter().map(|of| of.field.clone()).collect();
    let count =
        |is: fn(&SlotFate) -> bool| preview.slots.iter().filter(|slot| is(&slot.change)).count();
    let counts = [
        (count(|fate| matches!(fate, SlotFate::Changed(_))), "slots with other values"),
        (count(|fate| matches!(fate, SlotFate::Added { .. })), "slots more"),
        (count(|fate| matches!(fate, SlotFate::Removed)), "slots fewer"),
    ];
    names.extend(counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what}: {n}")));
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::ManualClock;

    use super::*;
    use crate::contract::scene;
    use crate::memory::MemoryStore;

    #[tokio::test]
    async fn a_start_says_once_in_what_a_file_differs() {
        let store = MemoryStore::new(Arc::new(ManualClock::at(scene::at(0))));
        let start = async || start(&store, scene::plan()).await.expect("the model answers");
        assert_eq!(start().await, None, "it is created");
        assert_eq!(start().await, None, "it is in force already");
        let mut campaign = scene::campaign();
        "Live".clone_into(&mut campaign.title_en);
        campaign.slots[2].closed = true;
        campaign.slots.remove(1);
        let request = ApplyCampaign::of_operator(CampaignPlan::new(campaign).expect("a plan"));
        assert!(apply(&store, &request).await.expect("the model answers").verdict().is_ok());
        let notice = start().await.expect("it differs");
        let expected = "stays in force as revision 2; its file differs: title_en, slots with other \
                        values: 1, slots more: 1";
        assert_eq!(notice, expected);
    }
}
