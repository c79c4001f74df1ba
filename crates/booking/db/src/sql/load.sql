-- Everything a batch may read (see booking::Footprint), in one round trip. It must be a statement of
-- its own after lock_campaigns: under READ COMMITTED it then sees all that earlier holders of the
-- lock have committed.
-- Rows: campaigns(id), slots(campaign, id), holds(id), passes(id), bookings(id), persons(person_key), keys(key),
-- cars(car), entries(id), offers(id), waitlists(id), those of the campaigns that have one, whole(id), those of which
-- every slot is asked for. Scalar: now.
-- Reply: one row per thing found; `kind` says which. {select kind} stands for its columns, which are
-- called kind_column, and a NULL for each of the others'. A row may
-- occur twice, and what belongs to the locked campaigns may be there without having been asked for.
-- Holds, bookings, entries and offers of other campaigns are as good as absent.
-- Nothing is joined: conditions on an index leave the planner no other way, whatever it believes
-- about the sizes of the tables. Bookings have indexes for staff that begin with the campaign; a plan made while the
-- table is empty may take one of them and read the whole campaign for each batch. So a booking's campaign is asked for
-- in a way that no index answers, and a person's not at all: the key is of one campaign. It is the same with waitlists.
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
found_entry AS (
  SELECT {columns entry} FROM waitlist_entry WHERE id {in entries.id} AND campaign || '' {in campaigns.id}
  UNION ALL
  SELECT {columns entry} FROM waitlist_entry WHERE person_key {in persons.person_key} AND state = 'waiting'
  UNION ALL
  SELECT {columns entry} FROM waitlist_entry WHERE campaign || '' {in campaigns.id} AND id {among}
    SELECT entry FROM offer WHERE id {in offers.id} {/among}
),
found_offer AS (
  SELECT * FROM offer WHERE id {in offers.id} AND campaign || '' {in campaigns.id}
  UNION ALL
  SELECT * FROM offer WHERE state = 'open' AND entry {among} SELECT id FROM found_entry {/among}
),
other_pass AS (
  SELECT pass_id FROM found_hold WHERE state = 'active' AND expires_at_ms <= {now}
  UNION ALL
  SELECT pass_id FROM found_booking
  UNION ALL
  SELECT pass_id FROM found_entry
),
seat AS (
  SELECT {seats booking} FROM booking WHERE pass_id {in passes.id}
  UNION ALL
  SELECT {seats waitlist_entry} FROM waitlist_entry WHERE pass_id {in passes.id}
),
other_seat AS (
  SELECT {seats booking} FROM booking WHERE pass_id {among} SELECT pass_id FROM other_pass {/among}
  UNION ALL
  SELECT {seats waitlist_entry} FROM waitlist_entry WHERE pass_id {among} SELECT pass_id FROM other_pass {/among}
),
paid AS (
  SELECT {paid} FROM seat GROUP BY pass_id
  UNION ALL
  SELECT {paid} FROM other_seat GROUP BY pass_id
),
waitlist AS (
  SELECT id AS campaign,
    (SELECT COUNT(*) FROM waitlist_entry WHERE waitlist_entry.campaign = campaign.id AND state = 'waiting') AS waiting,
    (SELECT COUNT(*) FROM offer WHERE offer.campaign = campaign.id AND state = 'open') AS offered,
    (SELECT CAST(COALESCE(SUM(reserved), 0) AS bigint) FROM slot WHERE slot.campaign = campaign.id) AS reserved,
    (SELECT COALESCE(MAX(number), 0) FROM waitlist_entry WHERE waitlist_entry.campaign = campaign.id) AS last_number
  FROM campaign WHERE id {in waitlists.id}
),
car_use AS (
  SELECT campaign, car, slot, CAST(COUNT(*) AS integer) AS seats FROM booking
  WHERE car {in cars.car} AND status = 'confirmed' GROUP BY campaign, car, slot
  UNION ALL
  SELECT campaign, car, slot, CAST(SUM(seats - seats_booked) AS integer) AS seats FROM hold
  WHERE car {in cars.car} AND state = 'active' AND expires_at_ms > {now} GROUP BY campaign, car, slot
)
SELECT {select hold} FROM found_hold
UNION ALL
SELECT {select booking} FROM found_booking
UNION ALL
SELECT {select slot} FROM slot WHERE campaign {in slots.campaign} AND id {in slots.id}
UNION ALL
SELECT {select slot} FROM slot WHERE campaign {in campaigns.id} AND id {among}
  SELECT slot FROM found_hold UNION ALL SELECT slot FROM found_booking UNION ALL SELECT slot FROM found_offer {/among}
UNION ALL
SELECT {select slot} FROM slot WHERE campaign {in whole.id}
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
SELECT {select car} FROM car_use
UNION ALL
SELECT {select record} FROM idempotency WHERE key {in keys.key}
UNION ALL
SELECT {select entry} FROM found_entry
UNION ALL
SELECT {select offer} FROM found_offer
UNION ALL
SELECT {select declined} FROM offer WHERE state = 'declined' AND entry {among} SELECT id FROM found_entry {/among}
UNION ALL
SELECT {select waitlist} FROM waitlist
