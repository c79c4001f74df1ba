-- join: issues the next entries of a lane (P8); admits the first of the arrivals at once if nobody waits
-- before them and the express quota lasts; gives whoever repeats a join the entry it got; marks priority codes as
-- used, and gives no entry to whoever brings a used one.
--
-- KEYS   1 state, 2 admitted, 3 and 4 the join keys of two successive periods, 5 used codes
-- ARGV   13 lane, 14 arrivals, 15 length of a period in ms, 16 join keys remembered in a period at most,
--        17 pass ids given (all or none), 18 codes given, 19… the pass ids of 16 bytes, then for each arrival with a
--        code: its number from 1, the number of the code; then for each that can be repeated: its number from 1,
--        its key, its fingerprint
-- Reply  0 done: epoch, now in ms, first entry, [the ends of the passes of the first new arrivals],
--        [for each repeated one: its number, epoch, entry, issued at in ms; epoch -1 if the key was reused],
--        [the number of each whose code was used before], how far the lane is called by now;
--        1 the room listens to tickets: until when in ms; 2 a boundary is due; 3 there are codes, and the levers are
--        others than the instance knows
-- O(1) without keys, codes and pass ids: two commands. O(n log admitted) with pass ids.

local QUIET, DUE, LEVERS_CHANGED = 1, 2, 3
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

local lane, count, ids, codes = ARGV[13], tonumber(ARGV[14]), tonumber(ARGV[17]), tonumber(ARGV[18])
if codes > 0 and tonumber(state.live_version) ~= tonumber(ARGV[4]) then
  return { LEVERS_CHANGED }
end
local first = tonumber(state['entered' .. lane])
local codes_from = 19 + ids
local keyed_from = codes_from + 2 * codes

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

-- The arrivals that get an entry, by their numbers in order; what repeated ones got before; whose code was used.
local new, again, used = {}, {}, {}

-- Arrival `number` repeats what got `known`.
local function repeat_join(number, known, fingerprint)
  local epoch, entry, issued_at, asked = string.match(known, '^(%d+) (%d+) (%d+) (%d+)$')
  local n = #again
  again[n + 1] = number
  again[n + 2] = asked == fingerprint and tonumber(epoch) or -1
  again[n + 3], again[n + 4] = tonumber(entry), tonumber(issued_at)
end

-- Arrivals with keys or codes, one by one.
local function sort_out()
  local code_of, join_of = {}, {}
  for i = codes_from, keyed_from - 1, 2 do
    code_of[tonumber(ARGV[i])] = ARGV[i + 1]
  end
  for i = keyed_from, #ARGV, 3 do
    join_of[tonumber(ARGV[i])] = { key = ARGV[i + 1], fingerprint = ARGV[i + 2] }
  end
  local current, last, room
  if keyed_from <= #ARGV then
    current, last = join_keys()
    room = tonumber(ARGV[16]) - (redis.call('HLEN', current) - 1)
  end
  for number = 1, count do
    local join, given = join_of[number], code_of[number]
    local known = join
      and (redis.call('HGET', current, join.key) or (last and redis.call('HGET', last, join.key)))
    if known then
      repeat_join(number, known, join.fingerprint)
    elseif given and redis.call('SETBIT', KEYS[5], given, 1) == 1 then
      used[#used + 1] = number
    else
      new[#new + 1] = number
      if join and room > 0 then
        local entry = exact(first + #new - 1)
        local value = state.epoch .. ' ' .. entry .. ' ' .. exact(now) .. ' ' .. join.fingerprint
        redis.call('HSET', current, join.key, value)
        room = room - 1
      end
    end
  end
end

local issued = count
if codes_from <= #ARGV then
  sort_out()
  issued = #new
else
  for number = 1, ids do
    new[number] = number
  end
end

local ends, called, express, gate = {}, tonumber(state.called0), tonumber(state.express), nil
local behind = state.express_behind ~= '' and tonumber(state.express_behind)
if ids > 0 and express > 0 and lane == '0' and called >= (behind or first) then
  local pass_ids = {}
  for i, number in ipairs(new) do
    pass_ids[i] = ARGV[18 + number]
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
called = lane == '0' and called or tonumber(state['called' .. lane])
return { DONE, tonumber(state.epoch), now, first, ends, again, used, called }
