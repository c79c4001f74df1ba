-- Rows: cancelled(id). Erases who it was from bookings that an earlier release cancelled.
UPDATE booking SET person = 'null', person_key = {erased_key}, key_version = 0
WHERE id {in cancelled.id} AND status = 'cancelled'
