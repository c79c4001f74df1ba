-- signal: takes the booking API's report over, unless a later count is known; ends the passes that are
-- not needed any longer.
--
-- KEYS   1 state, 2 active
-- ARGV   1 places left, 2 time of counting in ms, then pass ids of 16 bytes
-- Reply  nil if the room is unknown; else 1
-- O(n log active)

local room = redis.call('HMGET', KEYS[1], 'epoch', 'places_as_of_ms')
if not room[1] then
  return false
end
for from = 3, #ARGV, 1000 do
  redis.call('ZREM', KEYS[2], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
if not room[2] or tonumber(room[2]) <= tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'places_left', ARGV[1], 'places_as_of_ms', ARGV[2])
end
return 1
