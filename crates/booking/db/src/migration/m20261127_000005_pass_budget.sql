-- How many seats a pass is for, so that a used-up one can be told, and how often it has learned that somebody
-- is booked already. Old programs write neither: their passes count as for four, which is the most.
ALTER TABLE pass_use ADD COLUMN seats integer NOT NULL DEFAULT 4;
ALTER TABLE pass_use ADD COLUMN refusals integer NOT NULL DEFAULT 0;
