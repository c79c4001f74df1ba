-- One's own booking. Old programs can go on writing to this schema while they are replaced, but what they move or
-- cancel meanwhile does not count in the sequence.

-- Which of its tokens manages it: 0 is the token of before there were generations.
ALTER TABLE booking ADD COLUMN token_generation integer NOT NULL DEFAULT 0;
-- How often it has become another appointment: moved, for somebody else, cancelled.
ALTER TABLE booking ADD COLUMN sequence integer NOT NULL DEFAULT 0;
-- When its link was last asked for by somebody who had lost it.
ALTER TABLE booking ADD COLUMN link_asked_at_ms {bigint};
