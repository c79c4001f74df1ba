-- Letters, and how far their reader has gone along the chain of events (booking::mail). A letter has no text and no address;
-- `recipient` is the sealed person of a booking that was cancelled, as it stood in the booking, until the letter is
-- settled. There is no foreign key: a letter may outlive its booking, and is then dropped.
-- While a letter is lent to a worker, `due_at_ms` is when the others may have it again.
CREATE TABLE mail (
  campaign {name} NOT NULL,
  number {bigint} NOT NULL,
  kind {name} NOT NULL,
  copy integer NOT NULL,
  booking {bytes} NOT NULL,
  rank integer NOT NULL,
  status {name} NOT NULL,
  made_at_ms {bigint} NOT NULL,
  due_at_ms {bigint} NOT NULL,
  attempts integer NOT NULL,
  lease {bytes},
  settled_at_ms {bigint},
  reason {name},
  recipient text,
  request_key {bytes},
  PRIMARY KEY (campaign, number, kind, copy),
  CONSTRAINT mail_status CHECK (status IN ('pending', 'sent', 'failed', 'bounced', 'dropped')),
  CONSTRAINT mail_settled CHECK ((status = 'pending') = (settled_at_ms IS NULL)),
  CONSTRAINT mail_forgets CHECK (status = 'pending' OR recipient IS NULL)
) {strict};

CREATE INDEX mail_due ON mail (rank, due_at_ms) WHERE status = 'pending';
CREATE INDEX mail_booking ON mail (booking);

CREATE TABLE reader (
  name {name} NOT NULL,
  campaign {name} NOT NULL,
  number {bigint} NOT NULL,
  PRIMARY KEY (name, campaign)
) {strict};
