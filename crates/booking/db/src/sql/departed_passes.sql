-- Passes of a campaign that were given back or have booked all their seats, and have not expired. Read once by each
-- process, so it has no index of its own. Scalars: campaign, now, passes_max.
SELECT pass_id FROM pass_use
WHERE campaign = {campaign} AND expires_at_ms > {now} AND (ended_at_ms IS NOT NULL OR seats_booked >= seats)
ORDER BY expires_at_ms DESC, pass_id
LIMIT {passes_max}
