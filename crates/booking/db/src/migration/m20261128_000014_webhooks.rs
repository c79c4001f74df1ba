//! Webhooks: endpoints and deliveries.

use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000014_webhooks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = super::dialect(
            manager.get_database_backend(),
            include_str!("m20261128_000014_webhooks.sql"),
        );
        manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
