-- Everything a batch may read (see booking::Footprint), in one round trip. It must be a statement of
-- its own after lock_campaigns: under READ COMMITTED it then sees all that earlier holders of the
-- lock have committed.
-- Rows: campaigns(id), slots(campaign, id), holds(id), passes(id), bookings(id),
-- persons(person_key), keys(key). Scalar: now.
-- Reply: one row per thing found; `kind` says which. {select kind} stands for its columns, which are
-- called kind_column, and a NULL for each of the others'. A row may
-- occur twice, and what belongs to the locked campaigns may be there without having been asked for.
-- Holds and bookings of other campaigns are as good as absent.
-- Nothing is joined: conditions on an index leave the planner no other way, whatever it believes
-- about the sizes of the tables. Bookings have indexes for staff that begin with the campaign; a plan made while the
-- table is empty may take one of them and read the whole campaign for each batch. So a booking's campaign is asked for
-- in a way that no index answers, and a person's not at all: the key is of one campaign.
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
  SELECT {columns booking} FROM booking WHERE id {in bookings.id} AND campaign || '' {in campaigns.id}
  UNION ALL
  SELECT {columns booking} FROM booking WHERE request_key {in keys.key} AND campaign || '' {in campaigns.id}
),
other_pass AS (
  SELECT pass_id FROM found_hold WHERE state = 'active' AND expires_at_ms <= {now}
  UNION ALL
  SELECT pass_id FROM found_booking
),
paid AS (
  SELECT {paid} FROM booking WHERE pass_id {in passes.id} GROUP BY pass_id
  UNION ALL
  SELECT {paid} FROM booking WHERE pass_id {among} SELECT pass_id FROM other_pass {/among} GROUP BY pass_id
)
SELECT {select hold} FROM found_hold
UNION ALL
SELECT {select booking} FROM found_booking
UNION ALL
SELECT {select slot} FROM slot WHERE campaign {in slots.campaign} AND id {in slots.id}
UNION ALL
SELECT {select slot} FROM slot WHERE campaign {in campaigns.id} AND id {among}
  SELECT slot FROM found_hold UNION ALL SELECT slot FROM found_booking {/among}
UNION ALL
SELECT {select pass_use} FROM pass_use WHERE pass_id {in passes.id}
UNION ALL
SELECT {select pass_use} FROM pass_use WHERE pass_id {among} SELECT pass_id FROM other_pass {/among}
UNION ALL
SELECT {select paid} FROM paid
UNION ALL
SELECT {select person} FROM booking
WHERE person_key {in persons.person_key} AND status = 'confirmed'
UNION ALL
SELECT {select record} FROM idempotency WHERE key {in keys.key}
