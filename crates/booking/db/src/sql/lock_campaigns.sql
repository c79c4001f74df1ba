-- Locks the campaigns in the order of their ids and tells which version of each is in force, the number of its
-- last change, and where the chain of its events ends.
-- Rows: campaigns(id). SQLite's transaction has locked the whole file already.
SELECT id, revision, applied_at_ms, sequence, event_number, event_hash FROM campaign
WHERE id {in campaigns.id}
ORDER BY id
{for_no_key_update}
