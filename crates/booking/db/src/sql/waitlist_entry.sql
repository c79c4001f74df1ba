-- An entry, the latest offer made to it, and how many of those who wait come first, this one included. Scalar: id.
SELECT {columns entry}, {columns offer},
  (SELECT COUNT(*) FROM waitlist_entry AS other
    WHERE other.campaign = entry.campaign AND other.state = 'waiting'
      AND (other.offers_missed, other.number) <= (entry.offers_missed, entry.number)) AS position
FROM waitlist_entry AS entry
LEFT JOIN offer ON offer.id = (
  SELECT id FROM offer AS latest WHERE latest.entry = entry.id ORDER BY made_at_ms DESC, id DESC LIMIT 1)
WHERE entry.id = {id}
