-- end_passes: ends passes before their time.
--
-- KEYS   1 state, 2 admitted
-- ARGV   13… pass ids of 16 bytes
-- Reply  0 done
-- O(n log admitted)

local code = refusal(read_state({}))
if code then
  return { code }
end
local now = exact(clock())
for i = 13, #ARGV do
  redis.call('ZADD', KEYS[2], 'XX', 'LT', now, ARGV[i])
end
return { DONE }
