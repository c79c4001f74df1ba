-- Webhooks: who is told, and what waits until they take it (booking::webhook). How far the reader of an endpoint has gone
-- is in `reader`, under the name `webhook:` and its own. A delivery has no reference to its campaign: that the campaign is
-- gone is told as well.
CREATE TABLE webhook_endpoint (
  name {name} NOT NULL PRIMARY KEY,
  known_since_ms {bigint} NOT NULL,
  disabled_at_ms {bigint}
) {strict};

-- One that was taken is deleted; one that was given up has `failed_at_ms`. While it is lent to a worker, `due_at_ms` is when
-- the others may have it again.
CREATE TABLE webhook_delivery (
  endpoint {name} NOT NULL REFERENCES webhook_endpoint (name),
  campaign {name} NOT NULL,
  number {bigint} NOT NULL,
  kind {name} NOT NULL,
  body {name} NOT NULL,
  made_at_ms {bigint} NOT NULL,
  due_at_ms {bigint} NOT NULL,
  attempts integer NOT NULL,
  lease {bytes},
  failed_at_ms {bigint},
  reason {name},
  PRIMARY KEY (endpoint, campaign, number),
  CONSTRAINT webhook_delivery_lent CHECK (lease IS NULL OR failed_at_ms IS NULL)
) {strict};

CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint, due_at_ms) WHERE failed_at_ms IS NULL;
CREATE INDEX webhook_delivery_failed ON webhook_delivery (endpoint, failed_at_ms) WHERE failed_at_ms IS NOT NULL;
