-- Rows: changes(id, slot).
UPDATE booking SET slot = changes.slot
FROM {changes} WHERE booking.id = changes.id AND booking.id {in changes.id}
