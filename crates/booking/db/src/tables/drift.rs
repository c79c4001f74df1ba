//! Holds the entities to the migrated schema: the same tables, columns, types, nullability and
//! primary keys, in both databases. One database is made by the migrations, another one from the
//! entities, and their catalogues are compared.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{ColumnType, TableCreateStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityName, EntityTrait,
    IdenStatic, Iterable, Schema, Statement,
};

use super::{
    Table, booking, campaign, campaign_key, campaign_purge, campaign_revision, event, hold,
    idempotency, mail, offer, pass_use, reader, slot, waitlist_entry, webhook_delivery,
    webhook_endpoint,
};
use crate::dialect::Kind;

/// What a catalogue says of a column: type, whether it can be null, place in the primary key.
type Columns = BTreeMap<(String, String), (String, bool, i64)>;

const POSTGRES_CATALOGUE: &str = "
SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES' AS nullable,
  CAST(COALESCE(k.ordinal_position, 0) AS bigint) AS key_place
FROM information_schema.columns AS c
LEFT JOIN information_schema.table_constraints AS t
  ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY'
LEFT JOIN information_schema.key_column_usage AS k
  ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name
  AND k.column_name = c.column_name
WHERE c.table_schema = 'public' AND c.table_name <> 'seaql_migrations'";

/// SQLite declares types freely and stores by affinity: `bigint` and `integer` are the same.
const SQLITE_CATALOGUE: &str = "
SELECT t.name AS table_name, c.name AS column_name,
  CASE WHEN c.type LIKE '%int%' THEN 'integer' ELSE lower(c.type) END AS data_type,
  c.\"notnull\" = 0 AS nullable, c.pk AS key_place
FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
WHERE t.type = 'table' AND t.name <> 'seaql_migrations'";

async fn columns(database: &DatabaseConnection) -> Columns {
    let backend = database.get_database_backend();
    let sql = if backend == DbBackend::Postgres { POSTGRES_CATALOGUE } else { SQLITE_CATALOGUE };
    let rows =
        database.query_all_raw(Statement::from_string(backend, sql)).await.expect("catalogue");
    let text = |row: &sea_orm::QueryResult, column: &str| -> String {
        row.try_get("", column).expect("a text of the catalogue")
    };
    rows.iter()
        .map(|row| {
            let nullable: bool = row.try_get("", "nullable").expect("nullable");
            let key_place: i64 = row.try_get("", "key_place").expect("key_place");
            let name = (text(row, "table_name"), text(row, "column_name"));
            (name, (text(row, "data_type"), nullable, key_place))
        })
        .collect()
}

fn create<E: EntityTrait + EntityName>(backend: DbBackend, entity: E) -> TableCreateStatement {
    Schema::new(backend).create_table_from_entity(entity)
}

async fn entities_agree(migrated_url: &str, entities_url: &str) {
    crate::migrate(migrated_url).await.expect("migrated");
    let migrated = Database::connect(migrated_url).await.expect("migrated database");
    let entities = Database::connect(entities_url).await.expect("database of the entities");
    let backend = entities.get_database_backend();
    let tables = [
        create(backend, campaign::Entity),
        create(backend, campaign_key::Entity),
        create(backend, campaign_purge::Entity),
        create(backend, campaign_revision::Entity),
        create(backend, event::Entity),
        create(backend, slot::Entity),
        create(backend, pass_use::Entity),
        create(backend, hold::Entity),
        create(backend, booking::Entity),
        create(backend, waitlist_entry::Entity),
        create(backend, offer::Entity),
        create(backend, idempotency::Entity),
        create(backend, mail::Entity),
        create(backend, reader::Entity),
        create(backend, webhook_endpoint::Entity),
        create(backend, webhook_delivery::Entity),
    ];
    for table in &tables {
        entities.execute(table).await.expect("table of an entity");
    }
    let (migrated, entities) = (columns(&migrated).await, columns(&entities).await);
    let names: BTreeSet<&str> = migrated.keys().map(|(table, _)| table.as_str()).collect();
    assert_eq!(names.len(), tables.len(), "every table has its entity: {names:?}");
    assert_eq!(migrated, entities);
}

#[tokio::test]
async fn the_entities_are_the_tables_of_postgres() {
    let migrated = test_support::shared_postgres_database().await;
    let entities = test_support::shared_postgres_database().await;
    entities_agree(&migrated, &entities).await;
}

#[tokio::test]
async fn the_entities_are_the_tables_of_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = |name: &str| format!("sqlite://{}/{name}?mode=rwc", folder.path().display());
    entities_agree(&url("migrated.db"), &url("entities.db")).await;
}

fn assert_described<E: EntityTrait>(table: &Table) {
    let columns: Vec<(&str, Kind)> = E::Column::iter()
        .map(|column| {
            let kind = match column.def().get_column_type() {
                ColumnType::Text => Kind::Text,
                ColumnType::Integer => Kind::Number,
                ColumnType::BigInteger => Kind::Millis,
                ColumnType::Blob => Kind::Bytes,
                other => panic!("no set of rows has a {other:?}"),
            };
            (column.as_str(), kind)
        })
        .collect();
    assert_eq!(table.columns, columns, "{}", table.name);
    assert_eq!(table.name, E::default().table_name());
    let key: Vec<&str> = E::PrimaryKey::iter().map(|column| column.as_str()).collect();
    assert_eq!(table.key, key, "{}", table.name);
}

#[test]
fn batches_know_the_entities_as_they_are() {
    assert_described::<campaign::Entity>(&campaign::TABLE);
    assert_described::<event::Entity>(&event::TABLE);
    assert_described::<slot::Entity>(&slot::TABLE);
    assert_described::<pass_use::Entity>(&pass_use::TABLE);
    assert_described::<hold::Entity>(&hold::TABLE);
    assert_described::<booking::Entity>(&booking::TABLE);
    assert_described::<waitlist_entry::Entity>(&waitlist_entry::TABLE);
    assert_described::<offer::Entity>(&offer::TABLE);
    assert_described::<idempotency::Entity>(&idempotency::TABLE);
}
