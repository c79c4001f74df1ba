-- Rows: new_holds(all columns of hold).
INSERT INTO hold (id, campaign, slot, pass_id, ags, seats, seats_booked, renewals, held_at_ms, expires_at_ms, state)
SELECT id, campaign, slot, pass_id, ags, seats, seats_booked, renewals, held_at_ms, expires_at_ms, state
FROM {new_holds}
