-- redeem: redeems called places (P9, P11), each answered separately and in order.
--
-- KEYS   1 state, 2 redeemed, 3 active
-- ARGV   1 now in ms, 2 max_active, 3 interval in µs, 4 burst, 5 expiry in ms,
--        then for each redemption: place, pass id of 16 bytes
-- Reply  nil if the room is unknown; else for each redemption the expiry of its pass in ms,
--        or 0 not called, -1 busy, -2 used
-- O(n log active)

local room = redis.call('HMGET', KEYS[1], 'called', 'tat_us')
if not room[1] then
  return false
end

local called, tat_before = tonumber(room[1]), tonumber(room[2])
local answers, asked, places, pass_ids = {}, {}, {}, {}
for i = 6, #ARGV, 2 do
  local n = #answers + 1
  answers[n] = NOT_CALLED
  if tonumber(ARGV[i]) < called then
    local m = #asked + 1
    asked[m], places[m], pass_ids[m] = n, ARGV[i], ARGV[i + 1]
  end
end

local keys = { redeemed = KEYS[2], active = KEYS[3] }
local limits = read_limits(tonumber(ARGV[1]), 2)
local admissions, tat_us = admit(keys, limits, tat_before, places, pass_ids, false)
for m, answer in ipairs(admissions) do
  answers[asked[m]] = answer
end
if tat_us ~= tat_before then
  redis.call('HSET', KEYS[1], 'tat_us', exact(tat_us))
end
return answers
