-- remove: removes a room, and remembers its incarnation, so that no instance brings it back. Recorded.
--
-- KEYS   1 state, 2 settings, 3 admitted, 4 and 5 join keys, 6 and 7 resumes, 8 used codes, 9 audit
-- ARGV   1 now in ms, empty for the clock of Redis; 2 what was done as JSON, 3 how many records are kept
-- Reply  1 if it was there, else 0
-- O(1); the memory is freed in the background

local incarnation = redis.call('HGET', KEYS[1], 'incarnation')
if not incarnation then
  return 0
end
redis.call('UNLINK', unpack(KEYS, 1, 8))
redis.call('HSET', KEYS[1], 'removed', incarnation)
record(KEYS[9], ARGV[2], ARGV[3])
return 1
