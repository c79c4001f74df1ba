-- Rows: changes(id, slot, person_key, key_version, person); a NULL leaves the column as it is.
UPDATE booking SET slot = COALESCE(changes.slot, booking.slot),
  person_key = COALESCE(changes.person_key, booking.person_key),
  key_version = COALESCE(changes.key_version, booking.key_version),
  person = COALESCE(changes.person, booking.person)
FROM {changes} WHERE booking.id = changes.id AND booking.id {in changes.id}
