-- create: makes a room unless it is known, or begins a new line where its incarnation is higher. Recorded.
--
-- KEYS   1 state, 2 settings, 3 admitted, 4 and 5 join keys, 6 and 7 resumes, 8 used codes, 9 audit
-- ARGV   1 now in ms, empty for the clock of Redis; 2 incarnation, 3 settings as JSON, 4 the first gathering in
--        ms, 5 how long tickets are listened to in ms, 6 what was done as JSON, 7 how many records are kept,
--        8… field and value of each part of the state
-- Reply  0 new; 1 new, and listens to tickets, since its first gathering has begun; 2 replaced;
--        3 known: its settings; 4 known with a higher incarnation, or removed with this one or a higher one
-- O(openings), besides what it takes to free a line that is over

local NEW, HEALING, REPLACED_LINE, KNOWN, OUTDATED = 0, 1, 2, 3, 4
local room = redis.call('HMGET', KEYS[1], 'incarnation', 'removed')
local mine = tonumber(ARGV[2])
local known, removed = tonumber(room[1] or nil), tonumber(room[2] or nil)
if (known and known > mine) or (removed and removed >= mine) then
  return { OUTDATED }
end
if known == mine then
  return { KNOWN, redis.call('GET', KEYS[2]) or '' }
end
local now = clock()
local answer = known and REPLACED_LINE or NEW
local quiet_until = 0
if not known and now >= tonumber(ARGV[4]) then
  answer, quiet_until = HEALING, now + tonumber(ARGV[5])
end
-- What is left of a room of that name is not part of this line.
redis.call('UNLINK', KEYS[1], unpack(KEYS, 3, 8))
redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], unpack(ARGV, 8))
redis.call('HSET', KEYS[1], 'epoch', exact(math.max(1, math.floor(now / 1000))), 'quiet_until_ms', exact(quiet_until),
  'seen_ms', exact(now))
record(KEYS[9], ARGV[6], ARGV[7])
return { answer }
