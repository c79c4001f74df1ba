-- Rows: new_bookings(all columns of booking).
INSERT INTO booking (id, campaign, slot, hold, pass_id, ags, person_key, key_version, person, code,
  manage_token_hash, status, booked_at_ms, cancelled_at_ms)
SELECT id, campaign, slot, hold, pass_id, ags, person_key, key_version, person, code,
  manage_token_hash, status, booked_at_ms, cancelled_at_ms
FROM {new_bookings}
