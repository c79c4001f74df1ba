//! Webhooks: events followed to deliveries, lent to who sends them, settled.

use std::collections::BTreeSet;

use booking::webhook::{
    Delivery, DeliveryEnd, DeliveryLease, DeliverySettlement, EndpointName, FAILED_MAX,
    FollowedFor, MessageId, NewDelivery, Subscription, Waiting, follow,
};
use kernel::{CampaignId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Value,
};

use crate::convert::{number, parse};
use crate::dialect::Rows;
use crate::fault::Fault;
use crate::store::{Session, end};
use crate::tables::{event, reader, webhook_delivery, webhook_endpoint};

mod endpoints;

const FOLLOW: &str = "follow events to their deliveries";
const LEND: &str = "lend deliveries";
const SETTLE: &str = "settle deliveries";
const READ: &str = "read deliveries";

/// The campaigns with events that a reader has not come to, also such as are gone.
const NEWS: &str = "
SELECT campaign.id AS id FROM campaign
LEFT JOIN reader ON reader.name = $1 AND reader.campaign = campaign.id
WHERE campaign.event_number > COALESCE(reader.number, 0)
UNION
SELECT reader.campaign AS id FROM reader
WHERE reader.name = $1 AND NOT EXISTS (SELECT 1 FROM campaign WHERE campaign.id = reader.campaign)
  AND EXISTS (SELECT 1 FROM event WHERE event.campaign = reader.campaign AND event.last_number > reader.number)
ORDER BY id";

/// The latest are those that were given up last, and of these those of later events. SQLite has no OFFSET without a LIMIT.
const FORGET_FAILURES: &str = "
DELETE FROM webhook_delivery WHERE endpoint = $1 AND failed_at_ms IS NOT NULL AND (campaign, number) IN (
  SELECT campaign, number FROM webhook_delivery WHERE endpoint = $1 AND failed_at_ms IS NOT NULL
  ORDER BY failed_at_ms DESC, campaign DESC, number DESC LIMIT 1000000 OFFSET $2
)";

const OF_KEY: &str = "endpoint = $1 AND campaign = $2 AND number = $3 AND failed_at_ms IS NULL";

impl Session {
    pub(crate) async fn read_news_for(
        &self,
        subscription: &Subscription,
    ) -> Result<Vec<CampaignId>, Fault> {
        let find = self.statement(NEWS, [reader::of_endpoint(&subscription.endpoint).into()]);
        let rows = self.pools.read.query_all_raw(find).await.map_err(Fault::at(READ))?;
        let ids = rows.iter().map(|row| {
            let id: String = row.try_get("", "id").map_err(Fault::at(READ))?;
            parse("campaign id", &id)
        });
        let ids: Vec<CampaignId> = ids.collect::<Result<_, _>>()?;
        Ok(ids.into_iter().filter(|id| subscription.covers(id)).collect())
    }

    pub(crate) async fn follow_events_for(
        &self,
        subscription: &Subscription,
        campaign: &CampaignId,
        links_max: u32,
    ) -> Result<FollowedFor, Fault> {
        let transaction = self.begin().await?;
        let followed = self.follow_for_in(&transaction, subscription, campaign, links_max).await;
        end(transaction, followed).await
    }

    /// Whoever follows for the same endpoint at the same time, or forgets it, waits for its row.
    async fn follow_for_in(
        &self,
        transaction: &DatabaseTransaction,
        subscription: &Subscription,
        campaign: &CampaignId,
        links_max: u32,
    ) -> Result<FollowedFor, Fault> {
        const NOTHING: FollowedFor = FollowedFor { deliveries: 0, more: false };
        let endpoint = &subscription.endpoint;
        // SQLite's transaction has the whole file.
        let known = webhook_endpoint::Entity::find_by_id(endpoint.to_string())
            .lock_exclusive()
            .one(transaction)
            .await
            .map_err(Fault::at(FOLLOW))?;
        if known.is_none() || self.count_waiting(transaction, endpoint).await?.is_full() {
            return Ok(NOTHING);
        }
        let name = reader::of_endpoint(endpoint);
        let read = reader::Entity::find_by_id((name.clone(), campaign.to_string()));
        let read = read.one(transaction).await.map_err(Fault::at(FOLLOW))?;
        let read = read.map_or(0, |reader| reader.number);
        let links = self.links_after(transaction, campaign, read, links_max).await?;
        let Some(last) = links.last().map(|link| link.last) else { return Ok(NOTHING) };
        let after = number("number of an event", read)?;
        let new: Vec<NewDelivery> =
            links.iter().flat_map(|link| follow(link, after, subscription)).collect();
        let deliveries = self.insert_deliveries(transaction, endpoint, &new).await?;
        let advance = "INSERT INTO reader (name, campaign, number) VALUES ($1, $2, $3) \
                       ON CONFLICT (name, campaign) DO UPDATE SET number = excluded.number";
        let values: [Value; 3] =
            [name.into(), campaign.as_str().into(), event::number(last)?.into()];
        self.run(transaction, FOLLOW, advance, values).await?;
        Ok(FollowedFor { deliveries, more: links.len() as u64 >= u64::from(links_max) })
    }

    async fn count_waiting(
        &self,
        transaction: &DatabaseTransaction,
        endpoint: &EndpointName,
    ) -> Result<Waiting, Fault> {
        use webhook_delivery::{Column, Entity};
        let waiting = Entity::find()
            .filter(Column::Endpoint.eq(endpoint.as_str()))
            .filter(Column::FailedAtMs.is_null());
        let untried = waiting.clone().filter(Column::Attempts.eq(0)).count(transaction).await;
        let all = waiting.count(transaction).await;
        Ok(Waiting {
            untried: untried.map_err(Fault::at(FOLLOW))?,
            all: all.map_err(Fault::at(FOLLOW))?,
        })
    }

    async fn insert_deliveries(
        &self,
        transaction: &DatabaseTransaction,
        endpoint: &EndpointName,
        new: &[NewDelivery],
    ) -> Result<u64, Fault> {
        if new.is_empty() {
            return Ok(0);
        }
        let rows = new.iter().map(|new| webhook_delivery::to_row(endpoint.as_str(), new));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let mut values = Vec::new();
        Rows::collect(self.pools.backend, webhook_delivery::NEW, rows).bind(&mut values);
        self.run(transaction, FOLLOW, &self.statements.webhook.insert, values).await
    }

    pub(crate) async fn lend_deliveries(
        &self,
        endpoint: &EndpointName,
        lease: &DeliveryLease,
    ) -> Result<Vec<Delivery>, Fault> {
        let values: [Value; 5] = [
            endpoint.as_str().into(),
            lease.id.0.to_vec().into(),
            lease.until.unix_ms().into(),
            lease.from.unix_ms().into(),
            i64::from(lease.deliveries_max).into(),
        ];
        let transaction = self.begin().await?;
        let find = self.statement(&self.statements.webhook.lease, values);
        let lent = webhook_delivery::Model::find_by_statement(find).all(&transaction).await;
        let rows = end(transaction, lent.map_err(Fault::at(LEND))).await?;
        let mut lent: Vec<Delivery> = rows.into_iter().filter_map(readable).collect();
        lent.sort_by(|a, b| (a.made_at, &a.id).cmp(&(b.made_at, &b.id)));
        Ok(lent)
    }

    pub(crate) async fn settle_deliveries_of(
        &self,
        settlements: &[DeliverySettlement],
    ) -> Result<(), Fault> {
        let transaction = self.begin().await?;
        let settled = async {
            let mut failing = BTreeSet::new();
            for settlement in settlements {
                self.settle_delivery(&transaction, settlement).await?;
                if matches!(settlement.end, DeliveryEnd::Failed { .. }) {
                    failing.insert(settlement.endpoint.as_str());
                }
            }
            for endpoint in failing {
                let kept: i64 = number("number of deliveries", FAILED_MAX)?;
                let values: [Value; 2] = [endpoint.into(), kept.into()];
                self.run(&transaction, SETTLE, FORGET_FAILURES, values).await?;
            }
            Ok(())
        };
        let settled = settled.await;
        end(transaction, settled).await
    }

    async fn settle_delivery(
        &self,
        transaction: &DatabaseTransaction,
        settlement: &DeliverySettlement,
    ) -> Result<(), Fault> {
        let DeliverySettlement { endpoint, id, lease, end } = settlement;
        let mut values: Vec<Value> = vec![
            endpoint.as_str().into(),
            id.campaign.as_str().into(),
            event::number(id.number)?.into(),
        ];
        let (set, at, reason) = match end {
            DeliveryEnd::Taken => {
                let delete = format!("DELETE FROM webhook_delivery WHERE {OF_KEY}");
                return self.run(transaction, SETTLE, &delete, values).await.map(|_| ());
            }
            DeliveryEnd::Failed { at, reason } => ("failed_at_ms", at, reason),
            DeliveryEnd::Later { due_at, reason } => ("due_at_ms", due_at, reason),
        };
        values.extend([lease.0.to_vec().into(), at.unix_ms().into(), reason.as_str().into()]);
        let update = format!(
            "UPDATE webhook_delivery SET {set} = $5, reason = $6, lease = NULL WHERE {OF_KEY} AND lease = $4"
        );
        self.run(transaction, SETTLE, &update, values).await.map(|_| ())
    }

    pub(crate) async fn read_failed_deliveries(
        &self,
        endpoint: &EndpointName,
        after: Option<&MessageId>,
        deliveries_max: u32,
    ) -> Result<Vec<Delivery>, Fault> {
        use webhook_delivery::{Column, Entity};
        let mut find = Entity::find()
            .filter(Column::Endpoint.eq(endpoint.as_str()))
            .filter(Column::FailedAtMs.is_not_null());
        if let Some(after) = after {
            let key = Expr::tuple([Column::Campaign, Column::Number].map(Expr::col));
            let number = event::number(after.number)?;
            let after = Expr::tuple([Expr::val(after.campaign.as_str()), Expr::val(number)]);
            find = find.filter(ExprTrait::gt(key, after));
        }
        let rows = find
            .order_by_asc(Column::Campaign)
            .order_by_asc(Column::Number)
            .limit(u64::from(deliveries_max))
            .all(&self.pools.read)
            .await
            .map_err(Fault::at(READ))?;
        Ok(rows.into_iter().filter_map(readable).collect())
    }

    pub(crate) async fn hasten_deliveries_of(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let hasten = "UPDATE webhook_delivery SET due_at_ms = $2 \
                      WHERE endpoint = $1 AND failed_at_ms IS NULL AND lease IS NULL AND due_at_ms > $2";
        let values: [Value; 2] = [endpoint.as_str().into(), now.unix_ms().into()];
        let transaction = self.begin().await?;
        let hastened = self.run(&transaction, SETTLE, hasten, values).await;
        end(transaction, hastened.map(|_| ())).await
    }

    pub(crate) async fn retry_deliveries_of(
        &self,
        endpoint: &EndpointName,
        now: Timestamp,
    ) -> Result<u64, Fault> {
        // What is lent is being tried.
        let retry = "UPDATE webhook_delivery SET failed_at_ms = NULL, attempts = 0, due_at_ms = $2 \
                     WHERE endpoint = $1 AND lease IS NULL";
        let values: [Value; 2] = [endpoint.as_str().into(), now.unix_ms().into()];
        let transaction = self.begin().await?;
        let retried = self.run(&transaction, SETTLE, retry, values).await;
        end(transaction, retried).await
    }
}

/// One that cannot be read takes no other with it (P20): written by a later program, say. It waits for one that can.
fn readable(row: webhook_delivery::Model) -> Option<Delivery> {
    let (campaign, number) = (row.campaign.clone(), row.number);
    let delivery = webhook_delivery::from_row(row).ok();
    if delivery.is_none() {
        tracing::error!(campaign, number, "a stored delivery is unreadable");
    }
    delivery
}
