-- Rows: records(all columns of idempotency), all of them new.
INSERT INTO idempotency (key, fingerprint, campaign, recorded_at_ms, effect)
SELECT key, fingerprint, campaign, recorded_at_ms, effect FROM {records}
