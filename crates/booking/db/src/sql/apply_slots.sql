-- Rows: slots(campaign, id, capacity, released, taken), new or to be updated.
INSERT INTO slot (campaign, id, capacity, released, taken)
SELECT campaign, id, capacity, released, taken FROM {slots} WHERE true
ON CONFLICT (campaign, id) DO UPDATE SET
  capacity = excluded.capacity, released = excluded.released, taken = excluded.taken
