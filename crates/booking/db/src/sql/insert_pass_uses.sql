-- Rows: new_pass_uses(all columns of pass_use).
INSERT INTO pass_use (pass_id, campaign, seats_held, seats_booked, expires_at_ms, ended_at_ms)
SELECT pass_id, campaign, seats_held, seats_booked, expires_at_ms, ended_at_ms FROM {new_pass_uses}
