-- Letters to those who wait, too. No program that was released knows the table as it was.

-- What a letter is about: a booking; of the kinds 'waitlisted' and 'offer' the entry of the waitlist.
ALTER TABLE mail RENAME COLUMN booking TO about;
DROP INDEX mail_booking;
CREATE INDEX mail_about ON mail (about);
-- The offer that it tells of.
ALTER TABLE mail ADD COLUMN offer {bytes} CONSTRAINT mail_offer CHECK ((kind = 'offer') = (offer IS NOT NULL));
-- Offers are sent first: everything else is one rank later.
UPDATE mail SET rank = rank + 1 WHERE status = 'pending';
