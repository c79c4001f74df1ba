-- The longest overdue holds of a campaign. Scalars: campaign, now, holds_max.
SELECT id FROM hold
WHERE campaign = {campaign} AND state = 'active' AND expires_at_ms <= {now}
ORDER BY expires_at_ms, id
LIMIT {holds_max}
