//! An entry of a waitlist as its holder sees it.

use booking::{EntryStanding, WaitlistEntryId};
use kernel::CampaignId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::convert::{number, parse};
use crate::dialect::Column;
use crate::fault::Fault;
use crate::store::Session;
use crate::tables::{offer, waitlist_entry};
use crate::vault::Place;

const READ: &str = "read an entry of a waitlist";
const ENTRY: &str = "entry_";
const OFFER: &str = "offer_";

/// `waitlist_entry.sql` with the columns of both tables, each under the prefix of its kind.
pub(crate) fn waitlist_entry_template() -> String {
    let columns = |table: &str, prefix: &str, columns: &[Column]| {
        let columns =
            columns.iter().map(|(column, _)| format!("{table}.{column} AS {prefix}{column}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    include_str!("../sql/waitlist_entry.sql")
        .replace("{columns entry}", &columns("entry", ENTRY, waitlist_entry::TABLE.columns))
        .replace("{columns offer}", &columns("offer", OFFER, offer::TABLE.columns))
}

impl Session {
    pub(crate) async fn read_waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, Fault> {
        let values: [Value; 1] = [id.as_bytes().to_vec().into()];
        let sql = &self.statements.waitlist.entry;
        let find = Statement::from_sql_and_values(self.pools.backend, sql, values);
        let row = self.pools.read.query_one_raw(find).await.map_err(Fault::at(READ))?;
        let Some(row) = row else { return Ok(None) };
        let entry =
            waitlist_entry::Model::from_query_result(&row, ENTRY).map_err(Fault::at(READ))?;
        let campaign: CampaignId = parse("campaign id", &entry.campaign)?;
        let place = Place::of_entry(&campaign, &id);
        let person = self.vault.open_person(&self.pools.read, &place, &entry.person.0).await?;
        let entry = waitlist_entry::from_row(entry, person)?;
        let offer =
            offer::Model::from_query_result_optional(&row, OFFER).map_err(Fault::at(READ))?;
        let before: i64 = row.try_get("", "position").map_err(Fault::at(READ))?;
        let position = number("position on a waitlist", before)?;
        Ok(Some(EntryStanding {
            position: entry.state.is_waiting().then_some(position),
            offer: offer.as_ref().map(offer::from_row).transpose()?,
            entry,
        }))
    }
}
