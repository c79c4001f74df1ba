-- Everything a batch may read (see booking::Footprint), in one round trip. It must be a statement of
-- its own after lock_campaigns: under READ COMMITTED it then sees all that earlier holders of the
-- lock have committed.
-- Rows: campaigns(id), slots(campaign, id), holds(id), passes(id), bookings(id),
-- persons(campaign, person_key), keys(key). Scalar: now.
-- Reply: one row per thing found; `kind` says which, and which of the columns are filled. A row may
-- occur twice, and what belongs to the locked campaigns may be there without having been asked for.
-- Holds and bookings of other campaigns are as good as absent.
-- Nothing is joined: conditions on an index leave the planner no other way, whatever it believes
-- about the sizes of the tables.
WITH
found_hold AS (
  SELECT * FROM hold WHERE id {in holds.id} AND campaign {in campaigns.id}
  UNION ALL
  SELECT * FROM hold WHERE campaign {in slots.campaign} AND slot {in slots.id}
    AND state = 'active' AND expires_at_ms <= {now}
  UNION ALL
  SELECT * FROM hold WHERE pass_id {in passes.id} AND campaign {in campaigns.id}
    AND state = 'active' AND expires_at_ms <= {now}
),
found_booking AS (
  SELECT id, campaign, slot, person_key, manage_token_hash, status, cancelled_at_ms FROM booking
  WHERE id {in bookings.id} AND campaign {in campaigns.id}
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
SELECT 'slot', NULL, campaign, id, NULL, NULL, NULL, NULL, taken, released, NULL, NULL, NULL, NULL
FROM slot WHERE campaign {in slots.campaign} AND id {in slots.id}
UNION ALL
SELECT 'slot', NULL, campaign, id, NULL, NULL, NULL, NULL, taken, released, NULL, NULL, NULL, NULL
FROM slot WHERE campaign {in campaigns.id} AND id {among}
  SELECT slot FROM found_hold UNION ALL SELECT slot FROM found_booking {/among}
UNION ALL
SELECT 'pass_use', NULL, campaign, NULL, pass_id, NULL, NULL, NULL, expires_at_ms, seats_held,
  seats_booked, ended_at_ms, NULL, NULL
FROM pass_use WHERE pass_id {in passes.id}
UNION ALL
SELECT 'pass_use', NULL, campaign, NULL, pass_id, NULL, NULL, NULL, expires_at_ms, seats_held,
  seats_booked, ended_at_ms, NULL, NULL
FROM pass_use WHERE pass_id {among}
  SELECT pass_id FROM found_hold WHERE state = 'active' AND expires_at_ms <= {now} {/among}
UNION ALL
SELECT 'person', NULL, campaign, NULL, NULL, NULL, person_key, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM booking
WHERE campaign {in persons.campaign} AND person_key {in persons.person_key} AND status = 'confirmed'
UNION ALL
SELECT 'record', NULL, campaign, NULL, NULL, effect, key, fingerprint, recorded_at_ms,
  NULL, NULL, NULL, NULL, NULL
FROM idempotency WHERE key {in keys.key}
