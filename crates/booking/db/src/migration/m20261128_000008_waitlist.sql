-- Who waits for a place, and which places they are offered. As with bookings there are no foreign keys: rows are
-- written only under the lock of their campaign.

-- One person on the waitlist of a campaign. When the entry ends, who it was is erased as of a cancelled booking
-- (person is the null of JSON, person_key is zeros, key_version is 0).
CREATE TABLE waitlist_entry (
  id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  -- The how manieth of its campaign it is.
  number {bigint} NOT NULL,
  pass_id {bytes} NOT NULL,
  -- The how manieth seat of its pass, counted with the bookings of the pass; the booking that comes of it has the same.
  seat_no integer NOT NULL,
  pass_seats integer NOT NULL,
  pass_expires_at_ms {bigint} NOT NULL,
  ags integer NOT NULL,
  person_key {bytes} NOT NULL,
  key_version integer NOT NULL,
  person text NOT NULL,
  token_hash {bytes} NOT NULL,
  joined_at_ms {bigint} NOT NULL,
  offers_missed integer NOT NULL,
  state text NOT NULL,
  ended_at_ms {bigint},
  -- What came of it where the state is booked.
  booking {bytes},
  CONSTRAINT waitlist_entry_state CHECK (
    (state = 'waiting' AND ended_at_ms IS NULL AND booking IS NULL)
    OR (state = 'booked' AND ended_at_ms IS NOT NULL AND booking IS NOT NULL)
    OR (state = 'left' AND ended_at_ms IS NOT NULL AND booking IS NULL)
  ),
  CONSTRAINT waitlist_entry_numbers CHECK (number >= 1 AND seat_no >= 1 AND offers_missed >= 0)
) {strict};

-- A person waits once in a campaign (P4); one number, one entry; a seat of a pass is taken once (P9, P17).
CREATE UNIQUE INDEX waitlist_entry_person ON waitlist_entry (person_key, campaign) WHERE state = 'waiting';
CREATE UNIQUE INDEX waitlist_entry_number ON waitlist_entry (campaign, number);
CREATE UNIQUE INDEX waitlist_entry_pass ON waitlist_entry (pass_id, seat_no);
-- Whose turn is next. Not for the rows of one state alone: a plan made while the table is empty would then look for a
-- person among all who wait.
CREATE INDEX waitlist_entry_line ON waitlist_entry (campaign, state, offers_missed, number);

-- A place of a slot that one entry may have until the offer expires.
CREATE TABLE offer (
  id {bytes} NOT NULL PRIMARY KEY,
  campaign {name} NOT NULL,
  entry {bytes} NOT NULL,
  slot {name} NOT NULL,
  made_at_ms {bigint} NOT NULL,
  expires_at_ms {bigint} NOT NULL,
  state text NOT NULL,
  ended_at_ms {bigint},
  CONSTRAINT offer_state CHECK (
    (state = 'open' AND ended_at_ms IS NULL)
    OR (state IN ('accepted', 'declined', 'expired', 'withdrawn') AND ended_at_ms IS NOT NULL)
  )
) {strict};

-- An entry has one open offer, and remembers the slots that it was offered before.
CREATE UNIQUE INDEX offer_open ON offer (entry) WHERE state = 'open';
CREATE INDEX offer_entry ON offer (entry);
-- Which are due, and which are out.
CREATE INDEX offer_due ON offer (campaign, state, expires_at_ms);

-- Places of a slot that are kept for the waitlist (P1, P5).
ALTER TABLE slot ADD COLUMN reserved integer NOT NULL DEFAULT 0
  CONSTRAINT slot_taken_reserved_released CHECK (0 <= reserved AND taken + reserved <= released);
