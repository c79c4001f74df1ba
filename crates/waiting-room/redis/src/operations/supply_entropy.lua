-- supply_entropy: supplies the public entropy of an opening that was frozen, if those before it have theirs and it
-- has none.
--
-- KEYS   1 state
-- ARGV   13 number of the opening, 14 `opening hex;`
-- Reply  0 done: 1 if it was supplied, else 0
-- O(openings)

local state = read_state({})
local code = refusal(state)
if code then
  return { code }
end
local opening = tonumber(ARGV[13])
local is_frozen = string.find(';' .. state.frozen, ';' .. exact(2 * opening + 1) .. ' ', 1, true)
if not (is_frozen and follows(state.entropy, opening)) then
  return { DONE, 0 }
end
redis.call('HSET', KEYS[1], 'entropy', state.entropy .. ARGV[14])
return { DONE, 1 }
