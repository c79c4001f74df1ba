-- supply_entropy: supplies the public entropy of an opening that was frozen, and records that, if those before it have
-- theirs and it has none.
--
-- KEYS   1 state, 2 audit
-- ARGV   13 number of the opening, 14 `opening hex;`, 15 what was done as JSON, 16 how many records are kept
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
record(KEYS[2], ARGV[15], ARGV[16])
return { DONE, 1 }
