-- set_notices: replaces what there is to tell of a room, if its version succeeds the stored one.
--
-- KEYS   1 state
-- ARGV   13 version, 14 all as JSON
-- Reply  0 done: 1 if they were replaced, else 0
-- O(notices kept)

local state = read_state({ 'notices_version' })
local code = refusal(state)
if code then
  return { code }
end
if tonumber(state.notices_version or 0) + 1 ~= tonumber(ARGV[13]) then
  return { DONE, 0 }
end
redis.call('HSET', KEYS[1], 'notices_version', ARGV[13], 'notices', ARGV[14])
return { DONE, 1 }
