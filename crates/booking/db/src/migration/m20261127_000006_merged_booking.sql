-- A booking's row says of itself what two others said of it: under which key it was asked for (idempotency),
-- and that it used a seat of its pass (pass_use). One row written for each booking instead of three.
--
-- Old programs cannot write to this schema: they have to be stopped before it is migrated.

-- Counts the changes of a campaign and of all that is in it: who has decided at one number and finds another has
-- decided on something else.
ALTER TABLE campaign ADD COLUMN sequence {bigint} NOT NULL DEFAULT 0;

CREATE TABLE booking_merged (
  id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  slot {name} NOT NULL,
  hold {bytes},
  pass_id {bytes} NOT NULL,
  -- The how manieth booking of its pass it is, cancelled ones included.
  seat_no integer NOT NULL,
  -- How many persons the pass is for, and when it ends.
  pass_seats integer NOT NULL,
  pass_expires_at_ms {bigint} NOT NULL,
  ags integer NOT NULL,
  person_key {bytes} NOT NULL,
  -- See booking_older.
  key_version integer NOT NULL,
  person text NOT NULL,
  code text NOT NULL,
  manage_token_hash {bytes} NOT NULL,
  -- The idempotency key under which it was asked for, and the fingerprint of what was asked.
  request_key {bytes} NOT NULL,
  fingerprint {bytes} NOT NULL,
  status text NOT NULL,
  booked_at_ms {bigint} NOT NULL,
  cancelled_at_ms {bigint},
  CONSTRAINT booking_status CHECK (
    (status = 'confirmed' AND cancelled_at_ms IS NULL)
    OR (status = 'cancelled' AND cancelled_at_ms IS NOT NULL)
  ),
  CONSTRAINT booking_seat_no CHECK (seat_no >= 1)
) {strict};

-- A booking whose request was not recorded, which no program ever wrote, gets a key that no request has.
INSERT INTO booking_merged
SELECT booking.id, booking.campaign, booking.slot, booking.hold, booking.pass_id,
  ROW_NUMBER() OVER (PARTITION BY booking.pass_id ORDER BY booking.booked_at_ms, booking.id),
  COALESCE(pass_use.seats, 4), COALESCE(pass_use.expires_at_ms, booking.booked_at_ms),
  booking.ags, booking.person_key, booking.key_version, booking.person, booking.code, booking.manage_token_hash,
  COALESCE(recorded.key, CAST(booking.id || booking.id AS {bytes})),
  COALESCE(recorded.fingerprint, CAST(booking.id || booking.id AS {bytes})),
  booking.status, booking.booked_at_ms, booking.cancelled_at_ms
FROM booking
LEFT JOIN pass_use ON pass_use.pass_id = booking.pass_id
LEFT JOIN (
  -- The id follows the prefix "booking_" in hexadecimal.
  SELECT key, fingerprint, {unhex}(SUBSTR(effect{json} ->> 'booking', 9){hex}) AS booking FROM idempotency
  WHERE effect{json} ->> 'effect' = 'booked'
) AS recorded ON recorded.booking = booking.id;

DELETE FROM idempotency WHERE effect{json} ->> 'effect' = 'booked';
DROP TABLE booking;
ALTER TABLE booking_merged RENAME TO booking;

-- P4, as before.
CREATE UNIQUE INDEX booking_person ON booking (person_key, campaign) WHERE status = 'confirmed';
-- A seat of a pass is taken once (P9, P17), and a key has one effect (P3).
CREATE UNIQUE INDEX booking_pass ON booking (pass_id, seat_no);
CREATE UNIQUE INDEX booking_request ON booking (request_key);
CREATE INDEX booking_older ON booking (id)
  WHERE (key_version = 1 OR (status = 'cancelled' AND key_version > 0));
-- What staff look up.
CREATE INDEX booking_slot ON booking (campaign, slot);
CREATE INDEX booking_code ON booking (campaign, code);
CREATE INDEX booking_hold ON booking (hold) WHERE hold IS NOT NULL;

-- What is left to say of a pass: what it holds, what it was refused, whether it was given back.
CREATE TABLE pass_use_merged (
  pass_id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  seats_held integer NOT NULL,
  expires_at_ms {bigint} NOT NULL,
  ended_at_ms {bigint},
  seats integer NOT NULL,
  refusals integer NOT NULL,
  CONSTRAINT pass_use_seats CHECK (0 <= seats_held AND seats_held <= 4)
) {strict};

INSERT INTO pass_use_merged
SELECT pass_id, campaign, seats_held, expires_at_ms, ended_at_ms, seats, refusals FROM pass_use
WHERE seats_held > 0 OR refusals > 0 OR ended_at_ms IS NOT NULL;
DROP TABLE pass_use;
ALTER TABLE pass_use_merged RENAME TO pass_use;
