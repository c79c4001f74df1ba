//! How far a reader has gone along the chain of a campaign's events.

use booking::webhook::EndpointName;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reader")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub campaign: String,
    pub number: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// The reader that makes letters of events.
pub(crate) const MAIL: &str = "mail";

/// What the names of those begin with that make deliveries; the name of the endpoint follows.
pub(crate) const OF_ENDPOINT: &str = "webhook:";

/// The name of the reader that makes deliveries for an endpoint.
pub(crate) fn of_endpoint(endpoint: &EndpointName) -> String {
    format!("{OF_ENDPOINT}{endpoint}")
}
