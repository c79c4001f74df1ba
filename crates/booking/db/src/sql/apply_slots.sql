-- Rows: slots(campaign, id, capacity, released, taken, reserved), new or to be updated.
INSERT INTO slot (campaign, id, capacity, released, taken, reserved)
SELECT campaign, id, capacity, released, taken, reserved FROM {slots} WHERE true
ON CONFLICT (campaign, id) DO UPDATE SET
  capacity = excluded.capacity, released = excluded.released, taken = excluded.taken, reserved = excluded.reserved
