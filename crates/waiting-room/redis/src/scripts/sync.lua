-- sync: raises the counters to the floor, and reads the state with the store's clock.
--
-- KEYS   1 state, 2 redeemed, 3 active
-- ARGV   1 floor of entered, 2 floor of called
-- Reply  nil if the room is unknown; else {time in ms, passes alive at that time,
--        places redeemed in the claim window, {field, value, …}}
-- O(openings + claim window + log active). Writes only what has to rise.

local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then
  return false
end
local at = {}
for i = 1, #fields, 2 do
  at[fields[i]] = i + 1
end

local function raise(field, floor)
  local i = at[field]
  if tonumber(floor) > tonumber(fields[i]) then
    fields[i] = floor
    redis.call('HSET', KEYS[1], field, floor)
  end
  return tonumber(fields[i])
end
raise('entered', ARGV[1])
local called = raise('called', ARGV[2])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local active = redis.call('ZCOUNT', KEYS[3], string.format('(%.0f', now), '+inf')

local claim_from, redeemed = tonumber(fields[at.claim_from]), 0
if claim_from < called then
  local last = string.format('%.0f', called - 1)
  redeemed = redis.call('BITCOUNT', KEYS[2], fields[at.claim_from], last, 'BIT')
end
return { now, active, redeemed, fields }
