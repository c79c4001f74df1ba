-- join: issues the next entries (P8), after raising the counters to the floor; admits the first of the
-- arrivals at once if nobody waits before them.
--
-- KEYS   1 state, 2 redeemed, 3 active
-- ARGV   1 now in ms, 2 arrivals, 3 floor of entered, 4 floor of called; for admission also:
--        5 boundaries the instance knows, 6 max_active, 7 interval in µs, 8 burst, 9 expiry in ms,
--        10… pass ids of the first arrivals, 16 bytes each
-- Reply  nil if the room is unknown; an empty array while it recovers;
--        else {epoch, first entry, boundaries, admitted}
-- O(1); with admission O(n log active). Without admission it costs two commands.

local room = redis.call('HMGET', KEYS[1], 'epoch', 'entered', 'called', 'boundaries', 'joins_from_ms', 'tat_us')
if not room[1] then
  return false
end
local now = tonumber(ARGV[1])
if now < tonumber(room[5]) then
  return {}
end

local first = math.max(tonumber(room[2]), tonumber(ARGV[3]))
local called_before, boundaries = tonumber(room[3]), tonumber(room[4])
local called = math.max(called_before, tonumber(ARGV[4]))
local changes = { 'entered', exact(first + tonumber(ARGV[2])) }
local admitted = 0

if ARGV[5] and boundaries == tonumber(ARGV[5]) and called >= first then
  local places, pass_ids = {}, {}
  for i = 10, #ARGV do
    places[i - 9], pass_ids[i - 9] = exact(first + i - 10), ARGV[i]
  end
  local keys = { redeemed = KEYS[2], active = KEYS[3] }
  local tat_before = tonumber(room[6])
  local answers, tat_us = admit(keys, read_limits(now, 6), tat_before, places, pass_ids, true)
  while answers[admitted + 1] and answers[admitted + 1] > 0 do
    admitted = admitted + 1
  end
  if admitted > 0 then
    called = math.max(called, first + admitted)
  end
  if tat_us ~= tat_before then
    changes[#changes + 1] = 'tat_us'
    changes[#changes + 1] = exact(tat_us)
  end
end

if called ~= called_before then
  changes[#changes + 1] = 'called'
  changes[#changes + 1] = exact(called)
end
redis.call('HSET', KEYS[1], unpack(changes))
return { tonumber(room[1]), first, boundaries, admitted }
