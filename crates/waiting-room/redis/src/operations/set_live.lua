-- set_live: replaces the operator's levers, if their version succeeds the stored one.
--
-- KEYS   1 state
-- ARGV   13 version, 14 whether paused, 15 interval of the pace in µs, 16 burst, 17 max_active, 18 all as JSON
-- Reply  0 done: 1 if they were replaced, else 0
-- O(1)

local state = read_state({ 'max_active' })
local code = refusal(state)
if code then
  return { code }
end
if tonumber(state.live_version) + 1 ~= tonumber(ARGV[13]) then
  return { DONE, 0 }
end
redis.call('HSET', KEYS[1], 'live_version', ARGV[13], 'paused', ARGV[14], 'interval_us', ARGV[15], 'burst', ARGV[16],
  'max_active', ARGV[17], 'live', ARGV[18], 'express', '0')
if tonumber(state.max_active) ~= tonumber(ARGV[17]) then
  -- What the gate had made of the old bound is measured anew.
  redis.call('HSET', KEYS[1], 'allowance', ARGV[17])
end
return { DONE, 1 }
