-- Rows: new_records(all columns of idempotency).
INSERT INTO idempotency (key, fingerprint, campaign, recorded_at_ms, effect)
SELECT key, fingerprint, campaign, recorded_at_ms, effect FROM {new_records}
