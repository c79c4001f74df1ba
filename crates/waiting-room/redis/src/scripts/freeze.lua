-- freeze: freezes a boundary at the entries issued so far, if it is the next one.
--
-- KEYS   1 state
-- ARGV   1 index of the boundary, 2 time in ms, 3 secret in hexadecimal, empty if the boundary is no draw
-- Reply  nil if the room is unknown; 1 if it was frozen by this call, else 0
-- O(1)

local room = redis.call('HMGET', KEYS[1], 'boundaries', 'entered')
if not room[1] then
  return false
end
local index = tonumber(ARGV[1])
if index ~= tonumber(room[1]) then
  return 0
end
local frozen = room[2] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3]
redis.call('HSET', KEYS[1], 'boundaries', index + 1, 'frozen:' .. ARGV[1], frozen)
return 1
