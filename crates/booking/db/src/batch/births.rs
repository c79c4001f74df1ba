//! When those were born whom a call-up looks at: that is sealed with the rest of the person, and opened only where the
//! campaign asks for an age.

use ::booking::{Footprint, State, WaitlistEntryId};
use kernel::CampaignId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

use super::{Head, Loader};
use crate::dialect::{Cell, Rows};
use crate::fault::Fault;
use crate::statements::BYTE_IDS;
use crate::tables::waitlist_entry;
use crate::vault::Place;

const READ: &str = "read when those were born who wait";

impl Loader<'_> {
    /// Says of everybody who waits in a campaign that is called up when they were born. Of whom it cannot be read, and
    /// only of them, it stays unknown.
    pub(super) async fn add_births(
        &self,
        transaction: &DatabaseTransaction,
        footprint: &Footprint,
        heads: &[Head],
        state: &mut State,
    ) -> Result<(), Fault> {
        for campaign in footprint.call_ups.keys() {
            let definition = state.campaigns.get(campaign);
            if definition.is_none_or(|campaign| campaign.eligibility.rules.is_empty()) {
                continue;
            }
            let head = heads.iter().find(|head| head.campaign == *campaign);
            // Where no key is, nobody's data can be read: it is being purged, or nobody has come yet.
            let Some(wrapped) = head.and_then(|head| head.wrapped.as_ref()) else { continue };
            // Without the key of the campaign everybody would seem to be of no age: nothing may follow from that.
            self.vault.unwrap(campaign, wrapped)?;
            self.add_births_of(transaction, campaign, state).await?;
        }
        Ok(())
    }

    async fn add_births_of(
        &self,
        transaction: &DatabaseTransaction,
        campaign: &CampaignId,
        state: &mut State,
    ) -> Result<(), Fault> {
        let waiting = state.entries.values();
        let waiting =
            waiting.filter(|entry| entry.state.is_waiting() && entry.campaign == *campaign);
        let ids: Vec<WaitlistEntryId> = waiting.map(|entry| entry.id).collect();
        let mut values = Vec::new();
        let rows = ids.iter().map(|id| [Cell::Bytes(id.as_bytes())]);
        Rows::collect(self.backend, BYTE_IDS, rows).bind(&mut values);
        let sql = &self.statements.waitlist.persons;
        let find = Statement::from_sql_and_values(self.backend, sql, values);
        let mut unknown: u32 = 0;
        for row in transaction.query_all_raw(find).await.map_err(Fault::at(READ))? {
            let id: Vec<u8> = row.try_get("", "id").map_err(Fault::at(READ))?;
            let sealed: String = row.try_get("", "person").map_err(Fault::at(READ))?;
            let id = waitlist_entry::id(&id)?;
            let place = Place::of_entry(campaign, &id);
            let person = match self.vault.open_person(transaction, &place, &sealed).await {
                Ok(person) => person,
                Err(Fault::Unexpected(_)) => None,
                Err(fault) => return Err(fault),
            };
            unknown += u32::from(person.is_none());
            if let Some(entry) = state.entries.get_mut(&id) {
                entry.date_of_birth = person.map(|person| person.date_of_birth());
            }
        }
        if unknown > 0 {
            tracing::error!(%campaign, unknown, "people who wait cannot be read; nobody calls them");
        }
        Ok(())
    }
}
