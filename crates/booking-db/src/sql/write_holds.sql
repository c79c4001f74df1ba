-- Rows: holds(all columns of hold), new or to be updated.
INSERT INTO hold (id, campaign, slot, pass_id, ags, seats, seats_booked, renewals, held_at_ms, expires_at_ms, state)
SELECT id, campaign, slot, pass_id, ags, seats, seats_booked, renewals, held_at_ms, expires_at_ms, state
FROM {holds} WHERE true
ON CONFLICT (id) DO UPDATE SET
  seats_booked = excluded.seats_booked, renewals = excluded.renewals,
  expires_at_ms = excluded.expires_at_ms, state = excluded.state
