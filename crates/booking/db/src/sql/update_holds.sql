-- Rows: holds(id, seats_booked, renewals, expires_at_ms, state), all of which exist.
UPDATE hold SET seats_booked = holds.seats_booked, renewals = holds.renewals,
  expires_at_ms = holds.expires_at_ms, state = holds.state
FROM {holds} WHERE hold.id = holds.id AND hold.id {in holds.id}
