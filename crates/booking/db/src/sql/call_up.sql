-- The entries of a campaign that a call-up looks at: those with an open offer, and of the others that wait the first.
-- Scalars: campaign, entries_max.
SELECT entry AS id FROM offer WHERE campaign = {campaign} AND state = 'open'
UNION ALL
SELECT id FROM (
  SELECT id FROM waitlist_entry
  WHERE campaign = {campaign} AND state = 'waiting'
    AND NOT EXISTS (SELECT 1 FROM offer WHERE offer.entry = waitlist_entry.id AND offer.state = 'open')
  ORDER BY offers_missed, number
  LIMIT {entries_max}
) AS first
