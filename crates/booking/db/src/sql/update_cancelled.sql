-- Rows: cancellations(id, cancelled_at_ms), all of them confirmed bookings. Who it was is erased, and in
-- which car.
UPDATE booking SET status = 'cancelled', cancelled_at_ms = cancellations.cancelled_at_ms,
  person = 'null', person_key = {erased_key}, key_version = 0, car = NULL, sequence = booking.sequence + 1
FROM {cancellations} WHERE booking.id = cancellations.id
AND booking.id {in cancellations.id} AND booking.status = 'confirmed'
