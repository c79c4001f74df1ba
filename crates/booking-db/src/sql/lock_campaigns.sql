-- Locks the campaigns in the order of their ids and tells which version of each is in force.
-- Rows: campaigns(id). SQLite's transaction has locked the whole file already.
SELECT campaign.id, campaign.revision, campaign.applied_at_ms
FROM {campaigns} JOIN campaign ON campaign.id = campaigns.id
ORDER BY campaign.id
{for_no_key_update}
