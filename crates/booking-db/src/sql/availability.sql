-- The counters of a campaign's slots, the seats that overdue holds still count as taken, and the
-- version of the campaign they belong to. Scalars: campaign, now.
SELECT campaign.revision, campaign.applied_at_ms, slot.id, slot.taken, slot.released,
  CAST(COALESCE(overdue.seats, 0) AS bigint) AS overdue
FROM campaign
JOIN slot ON slot.campaign = campaign.id
LEFT JOIN (
  SELECT slot, SUM(seats - seats_booked) AS seats FROM hold
  WHERE campaign = {campaign} AND state = 'active' AND expires_at_ms <= {now}
  GROUP BY slot
) AS overdue ON overdue.slot = slot.id
WHERE campaign.id = {campaign}
