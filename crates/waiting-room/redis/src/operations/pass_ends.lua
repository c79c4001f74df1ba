-- pass_ends: when passes end or have ended.
--
-- KEYS   1 state, 2 admitted
-- ARGV   13… pass ids of 16 bytes, at most 1,000
-- Reply  0 done: [for each pass its end in ms, or 0 for one that is not known]
-- O(n log admitted)

local code = refusal(read_state({}))
if code then
  return { code }
end
local ends = redis.call('ZMSCORE', KEYS[2], unpack(ARGV, 13))
for i = 1, #ARGV - 12 do
  ends[i] = tonumber(ends[i] or nil) or 0
end
return { DONE, ends }
