-- Locks the campaigns in the order of their ids and tells which version of each is in force, and the number of its
-- last change.
-- Rows: campaigns(id). SQLite's transaction has locked the whole file already.
SELECT id, revision, applied_at_ms, sequence FROM campaign
WHERE id {in campaigns.id}
ORDER BY id
{for_no_key_update}
