-- The version of person_key (booking::PersonKey). 1 is that of all rows from before, and of those that an
-- old program still writes during a rolling update; 0 is that of a cancelled booking, whose person is
-- erased (person is the null of JSON, person_key is zeros).
ALTER TABLE booking ADD COLUMN key_version integer NOT NULL DEFAULT 1;

-- The rows that the old program left behind. The running service brings them up to date page by page, and
-- then the index is empty.
CREATE INDEX booking_older ON booking (id)
  WHERE (key_version = 1 OR (status = 'cancelled' AND key_version > 0));
