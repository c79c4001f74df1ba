-- Rows: new_keys(id, person_key), no key twice. A booking whose person is booked under the new key already
-- keeps its own: both were given away before one person was one key.
UPDATE booking SET person_key = new_keys.person_key, key_version = 2
FROM {new_keys} WHERE booking.id = new_keys.id AND booking.id {in new_keys.id}
AND booking.status = 'confirmed' AND booking.key_version = 1
AND NOT EXISTS (SELECT 1 FROM booking AS other WHERE other.person_key = new_keys.person_key
  AND other.campaign = booking.campaign AND other.status = 'confirmed')
