//! A place of a slot, offered to one entry of the waitlist.

use booking::{Offer, OfferId, OfferState, SlotId, WaitlistEntryId};
use kernel::Timestamp;
use sea_orm::FromQueryResult;
use sea_orm::entity::prelude::*;

use super::{Table, waitlist_entry};
use crate::convert::{bytes_16, parse, unreadable};
use crate::dialect::Kind::{Bytes, Millis, Text};
use crate::dialect::{self, Cell, number, text};
use crate::fault::Fault;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "offer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Blob")]
    pub id: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub campaign: String,
    #[sea_orm(column_type = "Blob")]
    pub entry: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub slot: String,
    pub made_at_ms: i64,
    pub expires_at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub ended_at_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "offer",
    key: &["id"],
    columns: &[
        ("id", Bytes),
        ("campaign", Text),
        ("entry", Bytes),
        ("slot", Text),
        ("made_at_ms", Millis),
        ("expires_at_ms", Millis),
        ("state", Text),
        ("ended_at_ms", Millis),
    ],
};

/// What ends an offer.
pub(crate) const CHANGES: &[dialect::Column] =
    &[("id", Bytes), ("state", Text), ("ended_at_ms", Millis)];

/// A slot that an entry has declined, see [`Declined`].
pub(crate) const DECLINED: &[dialect::Column] = &[("entry", Bytes), ("slot", Text)];

/// A slot that an entry has declined.
#[derive(FromQueryResult)]
pub(crate) struct Declined {
    pub entry: Vec<u8>,
    pub slot: String,
}

pub(crate) fn to_row(offer: &Offer) -> [Cell<'_>; TABLE.columns.len()] {
    let [id, state, ended_at] = to_change(offer);
    [
        id,
        text(offer.campaign.as_str()),
        Cell::Bytes(offer.entry.as_bytes()),
        text(offer.slot.as_str()),
        number(offer.made_at.unix_ms()),
        number(offer.expires_at.unix_ms()),
        state,
        ended_at,
    ]
}

pub(crate) fn to_change(offer: &Offer) -> [Cell<'_>; CHANGES.len()] {
    let ended_at = offer.state.ended_at().map_or(Cell::Null, |at| number(at.unix_ms()));
    [Cell::Bytes(offer.id.as_bytes()), text(offer.state.as_str()), ended_at]
}

pub(crate) fn from_row(row: &Model) -> Result<Offer, Fault> {
    let state = OfferState::from_stored(&row.state, row.ended_at_ms.map(Timestamp::from_unix_ms));
    Ok(Offer {
        id: OfferId::from_bytes(bytes_16("offer id", &row.id)?),
        campaign: parse("campaign id", &row.campaign)?,
        entry: waitlist_entry::id(&row.entry)?,
        slot: parse("slot id", &row.slot)?,
        made_at: Timestamp::from_unix_ms(row.made_at_ms),
        expires_at: Timestamp::from_unix_ms(row.expires_at_ms),
        state: state.ok_or_else(|| unreadable("state of an offer"))?,
    })
}

pub(crate) fn declined(row: &Declined) -> Result<(WaitlistEntryId, SlotId), Fault> {
    Ok((waitlist_entry::id(&row.entry)?, parse("slot id", &row.slot)?))
}
