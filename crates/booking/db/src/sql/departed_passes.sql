-- Passes of a campaign that were given back or have used all their seats for people who are booked or wait, and have not
-- expired. Read when a process begins and seldom after, so it has no index of its own. Scalars: campaign, now, passes_max.
SELECT pass_id, expires_at_ms FROM pass_use
WHERE campaign = {campaign} AND expires_at_ms > {now} AND ended_at_ms IS NOT NULL
UNION
SELECT pass_id, MIN(pass_expires_at_ms) AS expires_at_ms FROM (
  SELECT pass_id, pass_seats, pass_expires_at_ms FROM booking
  WHERE campaign = {campaign} AND pass_expires_at_ms > {now} AND status = 'confirmed'
  UNION ALL
  SELECT pass_id, pass_seats, pass_expires_at_ms FROM waitlist_entry
  WHERE campaign = {campaign} AND pass_expires_at_ms > {now} AND state = 'waiting'
) AS seat
GROUP BY pass_id HAVING COUNT(*) >= MIN(pass_seats)
ORDER BY expires_at_ms DESC, pass_id
LIMIT {passes_max}
