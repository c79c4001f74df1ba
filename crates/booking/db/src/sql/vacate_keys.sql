-- Rows: vacated(id), confirmed bookings that are about to be given other persons. Until then their key is
-- their id, which is nobody's: a person may go from one of them to another, and the index of the keys is
-- looked at with every row.
UPDATE booking SET person_key = id WHERE id {in vacated.id} AND status = 'confirmed'
