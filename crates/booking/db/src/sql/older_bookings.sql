-- A page of the bookings that an earlier release wrote, in the order of their ids. The condition is that
-- of the index booking_older, word for word: only so is the index used.
-- Scalars: after (an id), bookings_max. Reply: id, campaign, person, status, key_version.
SELECT id, campaign, person, status, key_version FROM booking
WHERE (key_version = 1 OR (status = 'cancelled' AND key_version > 0) OR substr(person, 2, 1) = '"') AND id > {after}
ORDER BY id LIMIT {bookings_max}
