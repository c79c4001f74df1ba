-- Who waits, as it is sealed. Rows: entries(id).
SELECT id, person FROM waitlist_entry WHERE id {in entries.id} AND state = 'waiting'
