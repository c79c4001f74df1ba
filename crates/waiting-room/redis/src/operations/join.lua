-- join: issues the next entries of a lane (P8); admits the first of the arrivals at once if nobody waits
-- before them and the express quota lasts; gives whoever repeats a join the entry it got.
--
-- KEYS   1 state, 2 admitted, 3 and 4 the join keys of two successive periods
-- ARGV   13 lane, 14 arrivals, 15 length of a period in ms, 16 join keys remembered in a period at most,
--        17 pass ids given (all or none), 18… those of 16 bytes, then for each arrival that can be repeated:
--        its number from 1, its key, its fingerprint
-- Reply  0 done: epoch, now in ms, first entry, [the ends of the passes of the first new arrivals],
--        [for each repeated one: its number, epoch, entry, issued at in ms; epoch -1 if the key was reused],
--        how far the lane is called by now;
--        1 the room listens to tickets: until when in ms; 2 a boundary is due
-- O(1) without keys and pass ids: two commands. O(n log admitted) with pass ids.

local QUIET, DUE = 1, 2
local state = read_state({
  'quiet_until_ms', 'next_due_ms', 'seen_ms', 'express', 'express_behind', unpack(ADMISSION),
})
local code = refusal(state)
if code then
  return { code }
end
local now = clock()
if now < tonumber(state.quiet_until_ms) then
  return { QUIET, tonumber(state.quiet_until_ms) }
end
if state.next_due_ms ~= '' and now >= tonumber(state.next_due_ms) then
  return { DUE }
end

local lane, count, ids = ARGV[13], tonumber(ARGV[14]), tonumber(ARGV[17])
local first = tonumber(state['entered' .. lane])
local keyed_from = 18 + ids

-- The key of the period that `now` is in, emptied if it holds one that is over, and the key of the last.
local function join_keys()
  local period = math.floor(now / tonumber(ARGV[15]))
  local current, last = KEYS[3 + period % 2], KEYS[4 - period % 2]
  if redis.call('HGET', current, 'period') ~= exact(period) then
    redis.call('UNLINK', current)
    redis.call('HSET', current, 'period', exact(period))
    redis.call('PEXPIRE', current, exact(2 * tonumber(ARGV[15])))
  end
  local has_last = redis.call('HGET', last, 'period') == exact(period - 1)
  return current, has_last and last
end

-- By number, what repeated arrivals got before; and the numbers of those to remember.
local function recall()
  local repeated, by_key, to_remember = {}, {}, {}
  local current, last = join_keys()
  local room = tonumber(ARGV[16]) - (redis.call('HLEN', current) - 1)
  for i = keyed_from, #ARGV, 3 do
    local number, key, fingerprint = tonumber(ARGV[i]), ARGV[i + 1], ARGV[i + 2]
    local known = by_key[key] or redis.call('HGET', current, key) or (last and redis.call('HGET', last, key))
    if known then
      repeated[number] = { known, fingerprint }
    else
      to_remember[number] = { key, fingerprint }
      -- Its entry is known when all before it are: a repetition in the same batch looks it up by number.
      by_key[key] = room > 0 and { number, fingerprint } or nil
      room = room - (by_key[key] and 1 or 0)
      to_remember[number].is_kept = by_key[key] ~= nil
    end
  end
  return repeated, to_remember, current
end

local repeated, to_remember, current_key = {}, {}, nil
if keyed_from <= #ARGV then
  repeated, to_remember, current_key = recall()
end

local entry_of, new = {}, {}
local is_plain = keyed_from > #ARGV
if is_plain then
  for number = 1, ids do
    new[number] = number
  end
else
  for number = 1, count do
    if not repeated[number] then
      new[#new + 1] = number
      entry_of[number] = first + #new - 1
    end
  end
end
local issued = is_plain and count or #new

local ends, called, express, gate = {}, tonumber(state.called0), tonumber(state.express), nil
local behind = state.express_behind ~= '' and tonumber(state.express_behind)
if ids > 0 and express > 0 and lane == '0' and called >= (behind or first) then
  local pass_ids = {}
  for i, number in ipairs(new) do
    pass_ids[i] = ARGV[17 + number]
  end
  gate = read_gate(state, KEYS[2], now)
  local known = read_passes(KEYS[2], pass_ids)
  for i, pass_id in ipairs(pass_ids) do
    if express == 0 then
      break
    end
    local answer, is_new = decide(gate, known, pass_id)
    if answer < 0 then
      break
    end
    express = express - (is_new and 1 or 0)
    ends[i] = answer
    if not behind then
      called = math.max(called, first + i)
    end
  end
  write_passes(gate, KEYS[2])
end

-- Whether the clock was set back is for the next reading to see.
local seen = math.max(tonumber(state.seen_ms), now)
local changes = { 'entered' .. lane, exact(first + issued), 'seen_ms', exact(seen) }
if #ends > 0 then
  local more = { 'called0', exact(called), 'express', exact(express) }
  for _, value in ipairs(more) do
    changes[#changes + 1] = value
  end
end
redis.call('HSET', KEYS[1], unpack(changes))

for number, join in pairs(to_remember) do
  if join.is_kept then
    local value = state.epoch .. ' ' .. exact(entry_of[number]) .. ' ' .. exact(now) .. ' ' .. join[2]
    redis.call('HSET', current_key, join[1], value)
  end
end

local again = {}
for number, found in pairs(repeated) do
  local known, fingerprint = found[1], found[2]
  if type(known) == 'table' then
    known = state.epoch .. ' ' .. exact(entry_of[known[1]]) .. ' ' .. exact(now) .. ' ' .. known[2]
  end
  local epoch, entry, issued_at, asked = string.match(known, '^(%d+) (%d+) (%d+) (%d+)$')
  local n = #again
  again[n + 1] = number
  again[n + 2] = asked == fingerprint and tonumber(epoch) or -1
  again[n + 3], again[n + 4] = tonumber(entry), tonumber(issued_at)
end
return { DONE, tonumber(state.epoch), now, first, ends, again, lane == '0' and called or tonumber(state['called' .. lane]) }
