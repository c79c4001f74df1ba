-- Rows: sealed(id, plain, person). Seals what an earlier release stored of a person in plain JSON, unless that has changed
-- since it was read.
UPDATE booking SET person = sealed.person
FROM {sealed} WHERE booking.id = sealed.id AND booking.id {in sealed.id} AND booking.person = sealed.plain
