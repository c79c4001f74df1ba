//! Events, and where the chain of a campaign ends.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

/// PostgreSQL compresses what is longer than 2 kB. By its own method that costs several times as much as by this
/// one, and takes more room; a server that was built without it keeps its own.
const COMPRESS: &str = "
DO $$ BEGIN
  EXECUTE 'ALTER TABLE event ALTER COLUMN events SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN NULL;
END $$";

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261127_000007_events"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (backend, connection) = (manager.get_database_backend(), manager.get_connection());
        let sql = super::dialect(backend, include_str!("m20261127_000007_events.sql"));
        connection.execute_unprepared(&sql).await?;
        if backend == DbBackend::Postgres {
            connection.execute_unprepared(COMPRESS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
