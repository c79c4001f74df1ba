-- pass_ends: when passes end or have ended.
--
-- KEYS   1 state, 2 admitted
-- ARGV   13… pass ids of 16 bytes
-- Reply  0 done: [for each pass its end in ms, or 0 for one that is not known]
-- O(n log admitted)

local code = refusal(read_state({}))
if code then
  return { code }
end
local ends = {}
for from = 13, #ARGV, 1000 do
  local scores = redis.call('ZMSCORE', KEYS[2], unpack(ARGV, from, math.min(from + 999, #ARGV)))
  for i = 1, #scores do
    ends[#ends + 1] = tonumber(scores[i] or nil) or 0
  end
end
return { DONE, ends }
