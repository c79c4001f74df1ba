-- The counters of a campaign's slots, the seats that overdue holds still count as taken, what open
-- holds keep in the whole campaign (the same in every row), and the version of the campaign they
-- belong to. One statement, so that all of it is of one moment. Scalars: campaign, now.
SELECT campaign.revision, campaign.applied_at_ms, slot.id, slot.taken, slot.released,
  CAST(COALESCE(overdue.seats, 0) AS bigint) AS overdue,
  CAST(held.passes AS bigint) AS held_passes, CAST(COALESCE(held.seats, 0) AS bigint) AS held_seats
FROM campaign
JOIN slot ON slot.campaign = campaign.id
LEFT JOIN (
  SELECT slot, SUM(seats - seats_booked) AS seats FROM hold
  WHERE campaign = {campaign} AND state = 'active' AND expires_at_ms <= {now}
  GROUP BY slot
) AS overdue ON overdue.slot = slot.id
CROSS JOIN (
  SELECT COUNT(DISTINCT pass_id) AS passes, SUM(seats - seats_booked) AS seats FROM hold
  WHERE campaign = {campaign} AND state = 'active' AND expires_at_ms > {now}
) AS held
WHERE campaign.id = {campaign}
