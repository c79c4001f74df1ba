-- Rows: cancellations(id, cancelled_at_ms), all of them confirmed bookings.
UPDATE booking SET status = 'cancelled', cancelled_at_ms = cancellations.cancelled_at_ms
FROM {cancellations} WHERE booking.id = cancellations.id
AND booking.id {in cancellations.id} AND booking.status = 'confirmed'
