-- Rows: bookings(all columns of booking), all of them new. An empty hold is none; cancelled_at_ms
-- counts only where the status is cancelled: an array of PostgreSQL is bound without nulls.
INSERT INTO booking (id, campaign, slot, hold, pass_id, ags, person_key, person, code, manage_token_hash,
  status, booked_at_ms, cancelled_at_ms)
SELECT id, campaign, slot, NULLIF(hold, ''), pass_id, ags, person_key, person, code, manage_token_hash,
  status, booked_at_ms, CASE WHEN status = 'cancelled' THEN cancelled_at_ms END
FROM {bookings}
