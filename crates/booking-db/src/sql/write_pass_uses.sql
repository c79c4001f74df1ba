-- Rows: pass_uses(pass_id, campaign, seats_held, seats_booked, expires_at_ms), new or to be updated.
INSERT INTO pass_use (pass_id, campaign, seats_held, seats_booked, expires_at_ms)
SELECT pass_id, campaign, seats_held, seats_booked, expires_at_ms FROM {pass_uses} WHERE true
ON CONFLICT (pass_id) DO UPDATE SET
  seats_held = excluded.seats_held, seats_booked = excluded.seats_booked, expires_at_ms = excluded.expires_at_ms
