-- Every definition that a campaign ever had, in order. Rows are only added. The row of the revision in
-- force has the same number and definition as the campaign; a row without a definition says that the
-- campaign was removed. There is no foreign key: the history outlives its campaign.
--
-- From here on campaigns can be deleted, with all their rows and under their lock, and so can a slot
-- that no hold or booking refers to.
CREATE TABLE campaign_revision (
  campaign {name} NOT NULL,
  number {bigint} NOT NULL,
  applied_at_ms {bigint} NOT NULL,
  -- operator, start, or upgrade
  actor text NOT NULL,
  reason text,
  definition text,
  PRIMARY KEY (campaign, number),
  CONSTRAINT campaign_revision_number CHECK (number >= 1)
) {strict};

-- The history begins with what is in force; what it replaced was not kept.
UPDATE campaign SET revision = 1;
INSERT INTO campaign_revision (campaign, number, applied_at_ms, actor, reason, definition)
SELECT id, revision, applied_at_ms, 'upgrade', NULL, definition FROM campaign;
