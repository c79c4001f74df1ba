//! A campaign and its definition in force.

use sea_orm::entity::prelude::*;

use super::Table;
use crate::dialect::Kind::{Millis, Text};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    pub revision: i64,
    pub applied_at_ms: i64,
    #[sea_orm(column_type = "Text")]
    pub definition: String,
    /// The number of its last change, or of the last one of anything in it.
    pub sequence: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// What batches know of the table.
pub(crate) const TABLE: Table = Table {
    name: "campaign",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("revision", Millis),
        ("applied_at_ms", Millis),
        ("definition", Text),
        ("sequence", Millis),
    ],
};

/// What a batch changes.
pub(crate) const CHANGES: &[crate::dialect::Column] = &[("id", Text), ("sequence", Millis)];
