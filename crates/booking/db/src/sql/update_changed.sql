-- Rows: changes(id, slot, person_key, key_version, person, manage_token_hash, token_generation, link_asked_at_ms,
-- steps, car, leaves_car); a NULL leaves the column as it is. Cancelling in the same batch counts one more step.
UPDATE booking SET slot = COALESCE(changes.slot, booking.slot),
  person_key = COALESCE(changes.person_key, booking.person_key),
  key_version = COALESCE(changes.key_version, booking.key_version),
  person = COALESCE(changes.person, booking.person),
  manage_token_hash = COALESCE(changes.manage_token_hash, booking.manage_token_hash),
  token_generation = COALESCE(changes.token_generation, booking.token_generation),
  link_asked_at_ms = COALESCE(changes.link_asked_at_ms, booking.link_asked_at_ms),
  sequence = booking.sequence + changes.steps,
  car = CASE WHEN changes.leaves_car = 1 THEN NULL ELSE COALESCE(changes.car, booking.car) END
FROM {changes} WHERE booking.id = changes.id AND booking.id {in changes.id}
