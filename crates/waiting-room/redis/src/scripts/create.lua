-- create: makes a room unless it is known.
--
-- KEYS   1 state, 2 settings, 3 redeemed, 4 active
-- ARGV   1 settings as JSON, then field and value of each part of the state
-- Reply  nil if the room is new; else the settings that it has
-- O(openings)

if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.call('GET', KEYS[2]) or ''
end
-- What is left of a room of that name would spend places of the new one.
redis.call('UNLINK', KEYS[3], KEYS[4])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return false
