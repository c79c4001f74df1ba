-- Lends letters of one rank that are due, those first that have been due for longer. What another worker is just being
-- lent is passed over.
-- Scalars: lease, until, rank, now, mails_max. Reply: the letters, whole, in no particular order.
WITH due AS MATERIALIZED (
  SELECT campaign, number, kind, copy FROM mail
  WHERE status = 'pending' AND rank = {rank} AND due_at_ms <= {now}
  ORDER BY due_at_ms LIMIT {mails_max}
  {skip_locked}
)
UPDATE mail SET lease = {lease}, due_at_ms = {until}, attempts = attempts + 1
FROM due
WHERE mail.campaign = due.campaign AND mail.number = due.number AND mail.kind = due.kind AND mail.copy = due.copy
RETURNING mail.campaign AS campaign, mail.number AS number, mail.kind AS kind, mail.copy AS copy, about, offer, rank, status,
  made_at_ms, due_at_ms, attempts, lease, settled_at_ms, reason, recipient, request_key
