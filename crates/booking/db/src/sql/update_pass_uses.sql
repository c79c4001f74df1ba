-- Rows: pass_uses(all columns of pass_use), all of which exist.
UPDATE pass_use SET seats_held = pass_uses.seats_held, seats_booked = pass_uses.seats_booked,
  expires_at_ms = pass_uses.expires_at_ms, ended_at_ms = pass_uses.ended_at_ms
FROM {pass_uses} WHERE pass_use.pass_id = pass_uses.pass_id AND pass_use.pass_id {in pass_uses.pass_id}
