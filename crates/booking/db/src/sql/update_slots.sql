-- Rows: slots(campaign, id, released, taken), all of which exist.
UPDATE slot SET released = slots.released, taken = slots.taken
FROM {slots} WHERE slot.campaign = slots.campaign AND slot.id = slots.id
AND slot.campaign {in slots.campaign} AND slot.id {in slots.id}
