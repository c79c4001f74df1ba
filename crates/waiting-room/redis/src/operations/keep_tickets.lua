-- keep_tickets: keeps tickets for the codes that open them, as long as there is room.
--
-- KEYS   1 state, 2 and 3 the resumes of two successive periods
-- ARGV   13 how long each is kept in ms, which is the length of a period, 14 tickets kept of a period at most,
--        then for each its name and what is kept under it
-- Reply  0 done: [for each 1 if it is kept, else 0]
-- O(n)

local code = refusal(read_state({}))
if code then
  return { code }
end
local now, ttl = clock(), tonumber(ARGV[13])
local period = math.floor(now / ttl)
local current = KEYS[2 + period % 2]
if redis.call('HGET', current, 'period') ~= exact(period) then
  redis.call('UNLINK', current)
  redis.call('HSET', current, 'period', exact(period))
  redis.call('PEXPIRE', current, exact(2 * ttl))
end
local kept = {}
for i = 15, #ARGV, 2 do
  local has_room = redis.call('HLEN', current) - 1 < tonumber(ARGV[14])
  if has_room then
    redis.call('HSET', current, ARGV[i], exact(now + ttl) .. ' ' .. ARGV[i + 1])
  end
  kept[#kept + 1] = has_room and 1 or 0
end
return { DONE, kept }
