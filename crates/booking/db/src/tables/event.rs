//! What has happened in a campaign in one transaction.

use booking::{ChainEnd, ChainHash, Link};
use kernel::Timestamp;
use sea_orm::entity::prelude::*;

use super::Table;
use crate::convert::{self, bytes_32, parse};
use crate::dialect::Kind::{Bytes, Millis, Text};
use crate::dialect::{Cell, text};
use crate::fault::Fault;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    pub first_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub last_number: i64,
    pub at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub events: String,
    #[sea_orm(column_type = "Blob")]
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "event",
    key: &["campaign", "last_number"],
    columns: &[
        ("campaign", Text),
        ("first_number", Millis),
        ("last_number", Millis),
        ("at_ms", Millis),
        ("events", Text),
        ("hash", Bytes),
    ],
};

pub(crate) fn to_row(link: &Link) -> Result<[Cell<'_>; TABLE.columns.len()], Fault> {
    Ok([
        text(link.campaign.as_str()),
        Cell::Number(number(link.first)?),
        Cell::Number(number(link.last)?),
        Cell::Number(link.at.unix_ms()),
        text(&link.events),
        Cell::Bytes(&link.hash.0),
    ])
}

pub(crate) fn from_row(row: Model) -> Result<Link, Fault> {
    let end = chain_end(row.last_number, Some(row.hash))?;
    Ok(Link {
        campaign: parse("campaign id", &row.campaign)?,
        first: convert::number(NUMBER, row.first_number)?,
        last: end.number,
        at: Timestamp::from_unix_ms(row.at_ms),
        events: row.events,
        hash: end.hash,
    })
}

/// Where a chain ends, as it is stored.
pub(crate) fn chain_end(number: i64, hash: Option<Vec<u8>>) -> Result<ChainEnd, Fault> {
    let hash = hash.map(|hash| bytes_32("hash of events", hash)).transpose()?;
    let hash = hash.map(ChainHash).unwrap_or_default();
    Ok(ChainEnd { number: convert::number(NUMBER, number)?, hash })
}

/// The number of an event, to be stored.
pub(crate) fn number(number: u64) -> Result<i64, Fault> {
    convert::number(NUMBER, number)
}

const NUMBER: &str = "number of an event";
