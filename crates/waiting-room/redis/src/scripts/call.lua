-- call: calls everyone below a place and keeps the ledger, if it succeeds the stored one.
--
-- KEYS   1 state
-- ARGV   1 call to, 2 version of the ledger, 3 its claim_from, 4 the ledger as JSON
-- Reply  nil if the room is unknown; 1 if done, 0 if another instance was first
-- O(1)

local room = redis.call('HMGET', KEYS[1], 'ledger_version', 'called')
if not room[1] then
  return false
end
if tonumber(room[1]) + 1 ~= tonumber(ARGV[2]) then
  return 0
end
local called = room[2]
if tonumber(ARGV[1]) > tonumber(called) then
  called = ARGV[1]
end
-- Version and claim_from stand outside the JSON too, so that no script has to parse it.
redis.call('HSET', KEYS[1], 'called', called, 'ledger_version', ARGV[2], 'claim_from', ARGV[3], 'ledger', ARGV[4])
return 1
