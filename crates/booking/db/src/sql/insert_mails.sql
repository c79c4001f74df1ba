-- Rows: mails(campaign, number, kind, about, offer, rank, made_at_ms, due_at_ms). Those that are there stay as they are.
INSERT INTO mail (campaign, number, kind, copy, about, offer, rank, status, made_at_ms, due_at_ms, attempts)
SELECT campaign, number, kind, 0, about, offer, rank, 'pending', made_at_ms, due_at_ms, 0 FROM {mails} WHERE true
ON CONFLICT (campaign, number, kind, copy) DO NOTHING
