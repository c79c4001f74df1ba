//! Who is told.

use booking::webhook::{EndpointName, EndpointStanding};
use kernel::Timestamp;
use sea_orm::{DatabaseTransaction, FromQueryResult, Value};

use crate::convert::{number, parse};
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::reader;

const NOTE: &str = "note an endpoint";
const READ: &str = "read endpoints";

const STANDING: &str = "SELECT name, known_since_ms, disabled_at_ms, \
    (SELECT COUNT(*) FROM webhook_delivery WHERE endpoint = name AND failed_at_ms IS NULL) AS waiting, \
    (SELECT COUNT(*) FROM webhook_delivery WHERE endpoint = name AND failed_at_ms IS NOT NULL) AS failed \
    FROM webhook_endpoint";

#[derive(FromQueryResult)]
struct Standing {
    name: String,
    known_since_ms: i64,
    disabled_at_ms: Option<i64>,
    waiting: i64,
    failed: i64,
}

impl Session {
    pub(crate) async fn note_endpoint(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let transaction = self.begin().await?;
        let noted = self.note_endpoint_in(&transaction, endpoint, now).await;
        end(transaction, noted).await
    }

    async fn note_endpoint_in(
        &self,
        transaction: &DatabaseTransaction,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let insert = "INSERT INTO webhook_endpoint (name, known_since_ms) VALUES ($1, $2) \
                      ON CONFLICT (name) DO NOTHING";
        let values: [Value; 2] = [endpoint.as_str().into(), now.unix_ms().into()];
        if self.run(transaction, NOTE, insert, values).await? > 0 {
            // Also of campaigns that are gone: they may come back, and their chains go on. Whoever removed one while the
            // endpoint was being forgotten has left a row.
            let begin = "INSERT INTO reader (name, campaign, number) \
                         SELECT $1, campaign, MAX(last_number) FROM event GROUP BY campaign \
                         ON CONFLICT (name, campaign) DO UPDATE SET number = excluded.number";
            let values: [Value; 1] = [reader::of_endpoint(endpoint).into()];
            self.run(transaction, NOTE, begin, values).await?;
        }
        Ok(())
    }

    pub(crate) async fn read_endpoints(
        &self,
        only: Option<&EndpointName>,
    ) -> Result<Vec<EndpointStanding>, Fault> {
        let (filter, values) = match only {
            Some(endpoint) => ("WHERE name = $1", vec![Value::from(endpoint.as_str())]),
            None => ("ORDER BY name", Vec::new()),
        };
        let find = self.statement(&format!("{STANDING} {filter}"), values);
        let rows = Standing::find_by_statement(find).all(&self.pools.read).await;
        let rows = rows.map_err(Fault::at(READ))?;
        let standings = rows.into_iter().map(|row| {
            Ok(EndpointStanding {
                endpoint: parse("name of an endpoint", &row.name)?,
                known_since: Timestamp::from_unix_ms(row.known_since_ms),
                disabled_at: row.disabled_at_ms.map(Timestamp::from_unix_ms),
                waiting: number("number of deliveries", row.waiting)?,
                failed: number("number of deliveries", row.failed)?,
            })
        });
        standings.collect()
    }

    pub(crate) async fn note_disabled(
        &self,
        endpoint: &EndpointName,
        disabled_at: Option<Timestamp>,
    ) -> Result<bool, Fault> {
        let note = "UPDATE webhook_endpoint SET disabled_at_ms = $2 WHERE name = $1";
        let values: [Value; 2] =
            [endpoint.as_str().into(), disabled_at.map(Timestamp::unix_ms).into()];
        let transaction = self.begin().await?;
        let noted = self.run(&transaction, NOTE, note, values).await;
        end(transaction, noted).await.map(|rows| rows > 0)
    }

    pub(crate) async fn forget_known_endpoint(
        &self,
        endpoint: &EndpointName,
    ) -> Result<bool, Fault> {
        let transaction = self.begin().await?;
        let forgotten = self.forget_endpoint_in(&transaction, endpoint).await;
        end(transaction, forgotten).await
    }

    async fn forget_endpoint_in(
        &self,
        transaction: &DatabaseTransaction,
        endpoint: &EndpointName,
    ) -> Result<bool, Fault> {
        let name = || -> [Value; 1] { [endpoint.as_str().into()] };
        // Whoever follows for it has its row, and ends first.
        let lock = "UPDATE webhook_endpoint SET name = name WHERE name = $1";
        self.run(transaction, NOTE, lock, name()).await?;
        let deliveries = "DELETE FROM webhook_delivery WHERE endpoint = $1";
        self.run(transaction, NOTE, deliveries, name()).await?;
        let readers: [Value; 1] = [reader::of_endpoint(endpoint).into()];
        self.run(transaction, NOTE, "DELETE FROM reader WHERE name = $1", readers).await?;
        let forget = "DELETE FROM webhook_endpoint WHERE name = $1";
        self.run(transaction, NOTE, forget, name()).await.map(|rows| rows > 0)
    }
}
