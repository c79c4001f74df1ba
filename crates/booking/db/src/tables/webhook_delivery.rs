//! What waits until an endpoint takes it.

use booking::webhook::{Delivery, MessageId, MessageKind, NewDelivery};
use kernel::Timestamp;
use sea_orm::entity::prelude::*;

use super::event;
use crate::convert::{self, parse, unreadable};
use crate::dialect::Kind::{Millis, Text};
use crate::dialect::{Cell, Column as SetColumn, text};
use crate::fault::Fault;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub endpoint: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    pub made_at_ms: i64,
    pub due_at_ms: i64,
    pub attempts: i32,
    #[sea_orm(column_type = "Blob", nullable)]
    pub lease: Option<Vec<u8>>,
    pub failed_at_ms: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// New deliveries.
pub(crate) const NEW: &[SetColumn] = &[
    ("endpoint", Text),
    ("campaign", Text),
    ("number", Millis),
    ("kind", Text),
    ("body", Text),
    ("made_at_ms", Millis),
];

pub(crate) fn to_row<'a>(
    endpoint: &'a str,
    new: &'a NewDelivery,
) -> Result<[Cell<'a>; NEW.len()], Fault> {
    Ok([
        text(endpoint),
        text(new.id.campaign.as_str()),
        Cell::Number(event::number(new.id.number)?),
        text(new.kind.as_str()),
        text(&new.body),
        Cell::Number(new.made_at.unix_ms()),
    ])
}

pub(crate) fn from_row(row: Model) -> Result<Delivery, Fault> {
    Ok(Delivery {
        endpoint: parse("name of an endpoint", &row.endpoint)?,
        id: MessageId {
            campaign: parse("campaign id", &row.campaign)?,
            number: convert::number("number of an event", row.number)?,
        },
        kind: MessageKind::from_name(&row.kind).ok_or_else(|| unreadable("kind of a message"))?,
        body: row.body,
        made_at: Timestamp::from_unix_ms(row.made_at_ms),
        due_at: Timestamp::from_unix_ms(row.due_at_ms),
        attempts: convert::number("number of attempts", row.attempts)?,
        failed_at: row.failed_at_ms.map(Timestamp::from_unix_ms),
        reason: row.reason,
    })
}
