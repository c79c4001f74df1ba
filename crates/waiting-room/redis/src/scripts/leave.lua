-- leave: ends passes before their time.
--
-- KEYS   1 state, 2 active
-- ARGV   pass ids of 16 bytes
-- Reply  nil if the room is unknown; else 1
-- O(n log active)

if redis.call('EXISTS', KEYS[1]) == 0 then
  return false
end
for from = 1, #ARGV, 1000 do
  redis.call('ZREM', KEYS[2], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
return 1
