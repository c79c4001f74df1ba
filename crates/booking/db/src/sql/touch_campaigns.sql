-- Says that something has changed in these campaigns. Rows: campaigns(id).
UPDATE campaign SET sequence = sequence + 1 WHERE id {in campaigns.id}
