-- Writes a batch of new bookings if nothing in the campaign has changed since `sequence`, by which its events ended as
-- known (a database that has gone back comes to a number twice, but not to the same events), and if what was taken to be
-- absent is absent: of the passes nothing but what their bookings say, of the keys anything recorded, persons under
-- a key of an earlier release, and persons who wait for a place. The unique indexes see to the rest.
-- A change by somebody else is waited for (it holds the row of the campaign), and the number is then compared with
-- what it has left behind.
-- Rows: new_passes(id), keys(key), former(person_key), slots, new_bookings, new_events. Scalars: campaign, revision, sequence,
-- known_number, known_hash, event_number, event_hash, expected.
-- Reply: whether it was written. More or fewer rows than expected are an error, which takes everything back.
WITH
guard AS (
  UPDATE campaign SET sequence = sequence + 1, event_number = {event_number}, event_hash = {event_hash}
  WHERE id = {campaign} AND revision = {revision} AND sequence = {sequence}
    AND event_number = {known_number} AND event_hash IS NOT DISTINCT FROM {known_hash}
    AND NOT EXISTS (SELECT 1 FROM pass_use WHERE pass_id {in new_passes.id})
    AND NOT EXISTS (SELECT 1 FROM idempotency WHERE key {in keys.key})
    AND NOT EXISTS (SELECT 1 FROM booking
      WHERE person_key {in former.person_key} AND status = 'confirmed')
    AND NOT EXISTS (SELECT 1 FROM waitlist_entry WHERE pass_id {in new_passes.id})
    AND NOT EXISTS (SELECT 1 FROM waitlist_entry
      WHERE person_key {in new_bookings.person_key} AND state = 'waiting')
  RETURNING 1
),
slots_written AS (
{update slots} AND {is_unchanged}
RETURNING 1
),
bookings_written AS (
{insert bookings} WHERE {is_unchanged}
RETURNING 1
),
events_written AS (
{insert events} WHERE {is_unchanged}
RETURNING 1
),
written AS (
  SELECT (SELECT COUNT(*) FROM slots_written) + (SELECT COUNT(*) FROM bookings_written)
    + (SELECT COUNT(*) FROM events_written) AS count
)
SELECT CASE
  WHEN NOT {is_unchanged} THEN false
  WHEN count = {expected} THEN true
  ELSE CAST('rows written: ' || count AS boolean)
END AS written
FROM written
