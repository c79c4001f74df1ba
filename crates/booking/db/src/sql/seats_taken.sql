-- Seats of a pass that open holds keep, and those of persons who are booked or wait. Scalars: pass, now.
SELECT CAST(
  (SELECT COALESCE(SUM(seats - seats_booked), 0) FROM hold
    WHERE pass_id = {pass} AND state = 'active' AND expires_at_ms > {now})
  + (SELECT COUNT(*) FROM booking WHERE pass_id = {pass} AND status = 'confirmed')
  + (SELECT COUNT(*) FROM waitlist_entry WHERE pass_id = {pass} AND state = 'waiting')
AS bigint) AS seats_taken
