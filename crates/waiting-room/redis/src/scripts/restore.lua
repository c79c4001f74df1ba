-- restore: gives a forgotten room its memory back, unless it is known. Redeemed places and passes that
-- were not forgotten stay as they are.
--
-- KEYS   1 state, 2 settings
-- ARGV   1 settings as JSON, then field and value of each part of the state
-- Reply  1 if it was restored, 0 if it was known
-- O(openings + claim window)

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1
