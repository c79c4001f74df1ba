-- Which of these passes have an open hold. Rows: passes(id). Scalar: now.
SELECT DISTINCT pass_id FROM hold
WHERE pass_id {in passes.id} AND state = 'active' AND expires_at_ms > {now}
