-- Rows: entries(id, offers_missed, state, ended_at_ms, booking), all of them waiting so far. Of those that have ended it
-- is erased who it was.
UPDATE waitlist_entry SET offers_missed = entries.offers_missed, state = entries.state,
  ended_at_ms = entries.ended_at_ms, booking = entries.booking,
  person = CASE WHEN entries.ended_at_ms IS NULL THEN waitlist_entry.person ELSE 'null' END,
  person_key = CASE WHEN entries.ended_at_ms IS NULL THEN waitlist_entry.person_key ELSE {erased_key} END,
  key_version = CASE WHEN entries.ended_at_ms IS NULL THEN waitlist_entry.key_version ELSE 0 END
FROM {entries} WHERE waitlist_entry.id = entries.id
AND waitlist_entry.id {in entries.id} AND waitlist_entry.state = 'waiting'
