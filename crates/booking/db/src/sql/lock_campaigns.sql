-- Locks the campaigns in the order of their ids and tells which version of each is in force, the number of its
-- last change, where the chain of its events ends, and the key that seals its personal data. A key that was made by
-- the holder of a lock that was waited for may be missing: whoever makes one finds that.
-- Rows: campaigns(id). SQLite's transaction has locked the whole file already.
SELECT campaign.id, revision, applied_at_ms, sequence, event_number, event_hash, version AS key_version, master_key_id,
  wrapped_key
FROM campaign LEFT JOIN campaign_key ON campaign_key.campaign = campaign.id
WHERE campaign.id {in campaigns.id}
ORDER BY campaign.id
{for_no_key_update}
