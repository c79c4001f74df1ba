-- Locks the campaigns in the order of their ids and tells which version of each is in force.
-- Rows: campaigns(id). SQLite's transaction has locked the whole file already.
SELECT id, revision, applied_at_ms FROM campaign
WHERE id {in campaigns.id}
ORDER BY id
{for_no_key_update}
