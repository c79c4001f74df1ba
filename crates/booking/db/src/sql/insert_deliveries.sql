-- Rows: deliveries(endpoint, campaign, number, kind, body, made_at_ms). Those that are there stay as they are.
INSERT INTO webhook_delivery (endpoint, campaign, number, kind, body, made_at_ms, due_at_ms, attempts)
SELECT endpoint, campaign, number, kind, body, made_at_ms, made_at_ms, 0 FROM {deliveries} WHERE true
ON CONFLICT (endpoint, campaign, number) DO NOTHING
