-- What has happened in a campaign, in order. Rows are only added, one for each transaction and campaign: its events
-- as a JSON array, to the letter, and the hash after the last of them (booking::event::chain). Numbers have no gaps.
-- There is no foreign key: events outlive their campaign, and hold no personal data.
CREATE TABLE event (
  campaign {name} NOT NULL,
  first_number {bigint} NOT NULL,
  last_number {bigint} NOT NULL,
  at_ms {bigint} NOT NULL,
  events text NOT NULL,
  hash {bytes} NOT NULL,
  PRIMARY KEY (campaign, last_number),
  CONSTRAINT event_numbers CHECK (1 <= first_number AND first_number <= last_number)
) {strict};

-- Where the chain of a campaign in force ends; no hash where it has not begun.
ALTER TABLE campaign ADD COLUMN event_number {bigint} NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN event_hash {bytes};
