-- set_live: replaces the operator's levers and records that, if their version succeeds the stored one, the boundaries
-- are those that the instance knows, and it is time for it.
--
-- KEYS   1 state, 2 audit
-- ARGV   13 version, 14 whether nobody is admitted, 15 interval of the pace in µs, 16 burst, 17 max_active, 18 all as
--        JSON, 19 when the next boundary is due in ms, or empty, 20 when it is too late in ms, or empty, 21 what was
--        done as JSON, 22 how many records are kept
-- Reply  0 done: 1 if they were replaced, else 0
-- O(1)

local state = read_state({ 'max_active' })
local code = refusal(state)
if code then
  return { code }
end
local is_next = tonumber(state.live_version) + 1 == tonumber(ARGV[13])
local is_time = ARGV[20] == '' or clock() < tonumber(ARGV[20])
if not (is_next and is_time and state.frozen == ARGV[11]) then
  return { DONE, 0 }
end
redis.call('HSET', KEYS[1], 'live_version', ARGV[13], 'paused', ARGV[14], 'interval_us', ARGV[15], 'burst', ARGV[16],
  'max_active', ARGV[17], 'live', ARGV[18], 'next_due_ms', ARGV[19], 'express', '0')
if tonumber(state.max_active) ~= tonumber(ARGV[17]) then
  -- What the gate had made of the old bound is measured anew.
  redis.call('HSET', KEYS[1], 'allowance', ARGV[17])
end
record(KEYS[2], ARGV[21], ARGV[22])
return { DONE, 1 }
