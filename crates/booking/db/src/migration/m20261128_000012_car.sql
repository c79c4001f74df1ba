-- The car that people come in who queued separately: a code that their bookings have in common. Seats of a hold may be
-- kept in it as well.
ALTER TABLE booking ADD COLUMN car {bytes};
ALTER TABLE hold ADD COLUMN car {bytes};

-- Who is in a car. Most are in none, and cost nothing here.
CREATE INDEX booking_car ON booking (car) WHERE car IS NOT NULL;
CREATE INDEX hold_car ON hold (car) WHERE car IS NOT NULL;
