-- The counters of a campaign's slots, the seats that overdue holds still count as taken, what open
-- holds keep in the whole campaign and who waits (both the same in every row), and the version of the campaign they
-- belong to. One statement, so that all of it is of one moment. Scalars: campaign, now.
SELECT campaign.revision, campaign.applied_at_ms, slot.id, slot.taken, slot.released, slot.reserved,
  CAST(COALESCE(overdue.seats, 0) AS bigint) AS overdue,
  CAST(held.passes AS bigint) AS held_passes, CAST(COALESCE(held.seats, 0) AS bigint) AS held_seats,
  waitlist.waiting, waitlist.offered, waitlist.last_number
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
CROSS JOIN (
  SELECT
    (SELECT COUNT(*) FROM waitlist_entry WHERE campaign = {campaign} AND state = 'waiting') AS waiting,
    (SELECT COUNT(*) FROM offer WHERE campaign = {campaign} AND state = 'open') AS offered,
    (SELECT COALESCE(MAX(number), 0) FROM waitlist_entry WHERE campaign = {campaign}) AS last_number
) AS waitlist
WHERE campaign.id = {campaign}
