-- Lends deliveries of an endpoint that are due, those first that have been due for longer, and of these those of earlier
-- events. What another worker is just being lent is passed over.
-- Scalars: endpoint, lease, until, now, deliveries_max. Reply: the deliveries, whole, in no particular order.
WITH due AS MATERIALIZED (
  SELECT endpoint, campaign, number FROM webhook_delivery
  WHERE endpoint = {endpoint} AND failed_at_ms IS NULL AND due_at_ms <= {now}
  ORDER BY due_at_ms, number LIMIT {deliveries_max}
  {skip_locked}
)
UPDATE webhook_delivery SET lease = {lease}, due_at_ms = {until}, attempts = attempts + 1
FROM due
WHERE webhook_delivery.endpoint = due.endpoint AND webhook_delivery.campaign = due.campaign
  AND webhook_delivery.number = due.number
RETURNING webhook_delivery.endpoint AS endpoint, webhook_delivery.campaign AS campaign,
  webhook_delivery.number AS number, kind, body, made_at_ms, due_at_ms, attempts, lease, failed_at_ms, reason
