-- Rows: offers(id, state, ended_at_ms), all of them open so far.
UPDATE offer SET state = offers.state, ended_at_ms = offers.ended_at_ms
FROM {offers} WHERE offer.id = offers.id AND offer.id {in offers.id} AND offer.state = 'open'
