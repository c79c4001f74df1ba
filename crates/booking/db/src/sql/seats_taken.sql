-- Seats of a pass that open holds keep, and those that are booked. Scalars: pass, now.
SELECT CAST(
  (SELECT COALESCE(SUM(seats - seats_booked), 0) FROM hold
    WHERE pass_id = {pass} AND state = 'active' AND expires_at_ms > {now})
  + (SELECT COUNT(*) FROM booking WHERE pass_id = {pass} AND status = 'confirmed')
AS bigint) AS seats_taken
