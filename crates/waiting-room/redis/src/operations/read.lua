-- read: the state of a room with the clock of Redis.
--
-- KEYS   1 state, 2 admitted
-- ARGV   13 how it is asked: `known` by an instance that remembers the room, `first` by one that does not,
--        `peek` to look at what is stored, and leave it as it is; 14 claim window in ms, 15 how long tickets are
--        listened to in ms, 16 after how long a room counts as left alone in ms
-- Reply  0 done: now in ms, passes alive, those given out within the claim window, [field, value, …]
-- O(openings + claim window + log admitted), after the clock was set back O(n log admitted) once. Writes at most
-- once a second.

local fields = redis.call('HGETALL', KEYS[1])
local state, at = {}, {}
for i = 1, #fields, 2 do
  state[fields[i]], at[fields[i]] = fields[i + 1], i + 1
end
local asked = ARGV[13]
if asked == 'known' then
  local code = refusal(state)
  if code then
    return { code }
  end
elseif not state.incarnation then
  return { asked == 'first' and state.removed and REPLACED or BEHIND }
end

local now, changes = clock(), {}
local function change(field, number)
  fields[at[field]] = exact(number)
  changes[#changes + 1], changes[#changes + 2] = field, exact(number)
end

local seen = tonumber(state.seen_ms)
local ttl_ms = tonumber(state.pass_ttl_ms)
if asked == 'first' and now - seen > tonumber(ARGV[16]) then
  -- Nobody can tell whether this is an older copy of the room: whatever it issued is behind this epoch.
  change('epoch', math.max(tonumber(state.epoch) + 1, math.floor(now / 1000)))
  if state.next_due_ms ~= '' and tonumber(state.next_due_ms) <= now then
    change('quiet_until_ms', math.max(tonumber(state.quiet_until_ms), now + tonumber(ARGV[15])))
  end
end
if asked ~= 'peek' and seen > now then
  -- After the clock was set back no pass lives longer than one that is given out now, and no silence lasts longer
  -- than one that begins now.
  local latest = exact(now + ttl_ms)
  for _, pass_id in ipairs(redis.call('ZRANGE', KEYS[2], '(' .. latest, '+inf', 'BYSCORE')) do
    redis.call('ZADD', KEYS[2], 'XX', latest, pass_id)
  end
  local quiet_until = now + tonumber(ARGV[15])
  if tonumber(state.quiet_until_ms) > quiet_until then
    change('quiet_until_ms', quiet_until)
  end
end
if asked ~= 'peek' and (seen > now or now - seen > 1000) then
  change('seen_ms', now)
end
if #changes > 0 then
  redis.call('HSET', KEYS[1], unpack(changes))
end

local active = redis.call('ZCOUNT', KEYS[2], '(' .. exact(now), '+inf')
local fresh_from = math.max(now, now + ttl_ms - tonumber(ARGV[14]))
local fresh = redis.call('ZCOUNT', KEYS[2], '(' .. exact(fresh_from), '+inf')
return { DONE, now, active, fresh, fields }
