-- Everything a batch may read (see booking::Footprint), in one round trip. It must be a statement of
-- its own after lock_campaigns: under READ COMMITTED it then sees all that earlier holders of the
-- lock have committed.
-- Rows: campaigns(id), slots(campaign, id), holds(id), passes(pass_id), bookings(id),
-- persons(campaign, person_key), keys(key). Scalar: now.
-- Reply: one row per thing found; `kind` says which, and which of the columns are filled. A row may
-- occur twice. Holds and bookings of campaigns that are not locked are as good as absent.
WITH
wanted_campaign AS (SELECT id FROM {campaigns}),
wanted_slot AS (SELECT campaign, id FROM {slots}),
wanted_pass AS (SELECT pass_id FROM {passes}),
found_hold AS (
  SELECT hold.* FROM {holds} JOIN hold ON hold.id = holds.id
  WHERE hold.campaign IN (SELECT id FROM wanted_campaign)
  UNION ALL
  SELECT hold.* FROM wanted_slot JOIN hold ON hold.campaign = wanted_slot.campaign AND hold.slot = wanted_slot.id
  WHERE hold.state = 'active' AND hold.expires_at_ms <= {now}
  UNION ALL
  SELECT hold.* FROM wanted_pass JOIN hold ON hold.pass_id = wanted_pass.pass_id
  WHERE hold.state = 'active' AND hold.expires_at_ms <= {now}
  AND hold.campaign IN (SELECT id FROM wanted_campaign)
),
found_booking AS (
  SELECT booking.id, booking.campaign, booking.slot, booking.person_key, booking.manage_token_hash,
    booking.status, booking.cancelled_at_ms
  FROM {bookings} JOIN booking ON booking.id = bookings.id
  WHERE booking.campaign IN (SELECT id FROM wanted_campaign)
)
SELECT 'hold' AS kind, id, campaign, slot, pass_id, state AS body,
  CAST(NULL AS {bytes}) AS key_1, CAST(NULL AS {bytes}) AS key_2,
  CAST(held_at_ms AS bigint) AS number_1, CAST(expires_at_ms AS bigint) AS number_2,
  CAST(ags AS bigint) AS number_3, CAST(seats AS bigint) AS number_4,
  CAST(seats_booked AS bigint) AS number_5, CAST(renewals AS bigint) AS number_6
FROM found_hold
UNION ALL
SELECT 'booking', id, campaign, slot, NULL, status, person_key, manage_token_hash, cancelled_at_ms,
  NULL, NULL, NULL, NULL, NULL
FROM found_booking
UNION ALL
SELECT 'slot', NULL, slot.campaign, slot.id, NULL, NULL, NULL, NULL, slot.taken, slot.released,
  NULL, NULL, NULL, NULL
FROM (
  SELECT campaign, id FROM wanted_slot
  UNION SELECT campaign, slot FROM found_hold
  UNION SELECT campaign, slot FROM found_booking
) AS wanted JOIN slot ON slot.campaign = wanted.campaign AND slot.id = wanted.id
UNION ALL
SELECT 'pass_use', NULL, pass_use.campaign, NULL, pass_use.pass_id, NULL, NULL, NULL,
  pass_use.expires_at_ms, pass_use.seats_held, pass_use.seats_booked, NULL, NULL, NULL
FROM (
  SELECT pass_id FROM wanted_pass
  UNION SELECT pass_id FROM found_hold WHERE state = 'active' AND expires_at_ms <= {now}
) AS wanted JOIN pass_use ON pass_use.pass_id = wanted.pass_id
UNION ALL
SELECT 'person', NULL, booking.campaign, NULL, NULL, NULL, booking.person_key, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL
FROM {persons} JOIN booking ON booking.campaign = persons.campaign AND booking.person_key = persons.person_key
WHERE booking.status = 'confirmed'
UNION ALL
SELECT 'record', NULL, idempotency.campaign, NULL, NULL, idempotency.effect, idempotency.key,
  idempotency.fingerprint, idempotency.recorded_at_ms, NULL, NULL, NULL, NULL, NULL
FROM {keys} JOIN idempotency ON idempotency.key = keys.key
