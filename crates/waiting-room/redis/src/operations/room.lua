-- What every operation on a room begins with, put before each of the others.
--
-- KEYS   1 state; more as each operation says
-- ARGV   1 now in ms, empty for the clock of Redis (a test sets the time);
--        2 … 12 the digest of what the instance remembers: incarnation, epoch, version of the levers, entered
--        in each of three lanes, called in each, the boundaries, the public entropy;
--        more as each operation says, from 13 on
-- Reply  an array that begins with a code: 0 done, -1 Redis knows less of the room than the instance,
--        -2 the room was replaced or removed. With either of those nothing was done.

local DONE, BEHIND, REPLACED = 0, -1, -2
local DIGEST = {
  'incarnation', 'epoch', 'live_version', 'entered0', 'entered1', 'entered2', 'called0', 'called1', 'called2',
  'frozen', 'entropy',
}

-- Whole numbers as text. All are below 2^53, where doubles are exact.
local function exact(number)
  return string.format('%.0f', number)
end

local function clock()
  if ARGV[1] ~= '' then
    return tonumber(ARGV[1])
  end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Whether `text`, of parts that begin with a number and end with `;`, knows all before `index` and none from there on.
local function follows(text, index)
  local _, count = string.gsub(text, ';', '')
  local last = string.match(text, '(%d+) [^;]*;$')
  return count == index and tonumber(last or -1) == index - 1
end

-- The fields of the digest and those of `more`, by name; false where there is none.
local function read_state(more)
  local names = { unpack(DIGEST) }
  names[#names + 1] = 'removed'
  for _, name in ipairs(more) do
    names[#names + 1] = name
  end
  local values = redis.call('HMGET', KEYS[1], unpack(names))
  local state = {}
  for i, name in ipairs(names) do
    state[name] = values[i]
  end
  return state
end

-- Whether Redis knows all that the instance remembers; else the code to answer.
local function refusal(state)
  local mine = tonumber(ARGV[2])
  if not state.incarnation then
    local is_removed = state.removed and tonumber(state.removed) >= mine
    return is_removed and REPLACED or BEHIND
  end
  local known = tonumber(state.incarnation)
  if known ~= mine then
    return known < mine and BEHIND or REPLACED
  end
  for i = 2, 9 do
    if tonumber(state[DIGEST[i]]) < tonumber(ARGV[i + 1]) then
      return BEHIND
    end
  end
  for i = 10, 11 do
    local text = ARGV[i + 1]
    if string.sub(state[DIGEST[i]], 1, #text) ~= text then
      return BEHIND
    end
  end
  return nil
end
