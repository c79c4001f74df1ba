-- Rows: mails(campaign, number, kind, about, offer, rank, made_at_ms, due_at_ms) about bookings that are about to be cancelled.
-- Each takes along the person, as sealed in the booking.
INSERT INTO mail (campaign, number, kind, copy, about, rank, status, made_at_ms, due_at_ms, attempts, recipient)
SELECT mails.campaign, mails.number, mails.kind, 0, mails.about, mails.rank, 'pending', mails.made_at_ms,
  mails.due_at_ms, 0, booking.person
FROM {mails} JOIN booking ON booking.id = mails.about
WHERE booking.id {in mails.about} AND booking.status = 'confirmed'
