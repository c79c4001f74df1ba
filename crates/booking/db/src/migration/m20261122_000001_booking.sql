-- The CHECKs and unique indexes are the last guard of the promises (P1, P4, P7): the rules keep them
-- without help, and a defect or a second program cannot break them.
--
-- hold, booking, pass_use and idempotency have no foreign keys: their rows are written only under the
-- lock of their campaign, by a decision that has just read the slot in the same transaction; campaigns
-- and slots are never deleted; and a foreign key costs more than the insert it would guard.

-- The ids of holds, bookings and passes are their 16 bytes: what follows the prefix in hexadecimal
-- (hold_0190b6… is '\x0190b6…' in PostgreSQL and X'0190B6…' in SQLite). Campaigns and slots have names.

-- `definition` is the campaign as JSON. (revision, applied_at_ms) changes with it and tells a cached
-- copy from a current one.
CREATE TABLE campaign (
  id {name} NOT NULL PRIMARY KEY,
  revision {bigint} NOT NULL,
  applied_at_ms {bigint} NOT NULL,
  definition text NOT NULL
) {strict};

-- The counters of a slot, and the capacity that bounds them (P1).
CREATE TABLE slot (
  campaign {name} NOT NULL REFERENCES campaign (id),
  id {name} NOT NULL,
  capacity integer NOT NULL,
  released integer NOT NULL,
  taken integer NOT NULL,
  PRIMARY KEY (campaign, id),
  CONSTRAINT slot_taken_released_capacity CHECK (0 <= taken AND taken <= released AND released <= capacity)
) {strict};

CREATE TABLE pass_use (
  pass_id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  seats_held integer NOT NULL,
  seats_booked integer NOT NULL,
  expires_at_ms {bigint} NOT NULL,
  -- A pass is for four persons at most; how many this one is for stands in the pass itself.
  CONSTRAINT pass_use_seats CHECK (seats_held >= 0 AND seats_booked >= 0 AND seats_held + seats_booked <= 4)
) {strict};

CREATE TABLE hold (
  id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  slot {name} NOT NULL,
  pass_id {bytes} NOT NULL,
  ags integer NOT NULL,
  seats integer NOT NULL,
  seats_booked integer NOT NULL,
  renewals integer NOT NULL,
  held_at_ms {bigint} NOT NULL,
  expires_at_ms {bigint} NOT NULL,
  state text NOT NULL,
  CONSTRAINT hold_seats CHECK (seats >= 1 AND 0 <= seats_booked AND seats_booked <= seats),
  CONSTRAINT hold_renewals CHECK (renewals >= 0),
  CONSTRAINT hold_state CHECK (
    (state = 'active' AND seats_booked < seats)
    OR (state = 'booked' AND seats_booked = seats)
    OR (state = 'released' AND seats_booked < seats)
  )
) {strict};

-- The three ways to look for overdue holds: of a slot, of a pass, of a campaign. Ended holds, by far
-- the most, are in none of them.
CREATE INDEX hold_active_by_slot ON hold (campaign, slot, expires_at_ms) WHERE state = 'active';
CREATE INDEX hold_active_by_pass ON hold (pass_id, expires_at_ms) WHERE state = 'active';
CREATE INDEX hold_active_by_campaign ON hold (campaign, expires_at_ms) WHERE state = 'active';

CREATE TABLE booking (
  id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  slot {name} NOT NULL,
  hold {bytes},
  pass_id {bytes} NOT NULL,
  ags integer NOT NULL,
  person_key {bytes} NOT NULL,
  person text NOT NULL,
  code text NOT NULL,
  manage_token_hash {bytes} NOT NULL,
  status text NOT NULL,
  booked_at_ms {bigint} NOT NULL,
  cancelled_at_ms {bigint},
  CONSTRAINT booking_status CHECK (
    (status = 'confirmed' AND cancelled_at_ms IS NULL)
    OR (status = 'cancelled' AND cancelled_at_ms IS NOT NULL)
  )
) {strict};

-- One active booking per person and campaign (P4). The person comes first: a plan made while the table
-- was empty may use the first column only, and every booking of a campaign has the same campaign.
CREATE UNIQUE INDEX booking_person ON booking (person_key, campaign) WHERE status = 'confirmed';

-- One key, one effect (P3).
CREATE TABLE idempotency (
  key {bytes} NOT NULL PRIMARY KEY,
  fingerprint {bytes} NOT NULL,
  campaign {name} NOT NULL,
  recorded_at_ms {bigint} NOT NULL,
  effect text NOT NULL
) {strict};
