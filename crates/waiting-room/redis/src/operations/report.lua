-- report: takes what the booking API counted, unless something later is known; ends the passes that departed.
--
-- KEYS   1 state, 2 admitted
-- ARGV   13 time of counting in ms, 14 places left, 15 passes with holds, 16 seats on hold, 17 queue depth,
--        18 queue depth at most, 19… pass ids of 16 bytes
-- Reply  0 done
-- O(n log admitted)

local state = read_state({ 'counted_at_ms' })
local code = refusal(state)
if code then
  return { code }
end
local now = clock()
for i = 19, #ARGV do
  redis.call('ZADD', KEYS[2], 'XX', 'LT', exact(now), ARGV[i])
end
-- Nothing is counted in the future: neither this, nor what was before the clock was set back.
local counted_at = math.min(tonumber(ARGV[13]), now)
local known = tonumber(state.counted_at_ms or nil)
if not known or known <= counted_at or known > now then
  redis.call('HSET', KEYS[1], 'counted_at_ms', exact(counted_at), 'places_left', ARGV[14], 'held_passes', ARGV[15],
    'held_seats', ARGV[16], 'queue_depth', ARGV[17], 'queue_depth_max', ARGV[18])
end
return { DONE }
