-- Admission, put before join.lua and redeem.lua: who may come in now (P9, P11).
--
-- Complexity: O(n log active) for n redemptions, in a fixed number of commands for each ROUND.
-- It must give the answers of `MemoryRoomStore`, in the same order of checks.

local NOT_CALLED, BUSY, USED = 0, -1, -2
-- Passes removed at most per call: a sweep must not keep other clients waiting.
local SWEEP_MAX = 1000
-- Redemptions per round of commands: up to four arguments each, and at most 1,000 are unpacked at once.
local ROUND = 250

-- Whole numbers as text. All are below 2^53, where doubles are exact.
local function exact(number)
  return string.format('%.0f', number)
end

-- The limits of admission, from four successive arguments.
local function read_limits(now, from)
  return {
    now = now,
    max_active = tonumber(ARGV[from]),
    interval_us = tonumber(ARGV[from + 1]),
    burst = tonumber(ARGV[from + 2]),
    expires_at = tonumber(ARGV[from + 3]),
  }
end

-- Counts by time, so that the answer does not depend on how far the sweep has come.
local function count_living(active_key, now)
  local living = redis.call('ZCOUNT', active_key, '(' .. exact(now), '+inf')
  local expired = redis.call('ZCARD', active_key) - living
  if expired > 0 then
    redis.call('ZREMRANGEBYRANK', active_key, 0, math.min(expired, SWEEP_MAX) - 1)
  end
  return living
end

-- What is known of the places and passes of one round: `used` by place, `alive` by pass id.
local function read_round(keys, places, pass_ids, from, to)
  local reads = {}
  for i = from, to do
    local n = #reads
    reads[n + 1], reads[n + 2], reads[n + 3] = 'GET', 'u1', places[i]
  end
  local bits = redis.call('BITFIELD_RO', keys.redeemed, unpack(reads))
  local scores = redis.call('ZMSCORE', keys.active, unpack(pass_ids, from, to))
  local known = { used = {}, alive = {} }
  for i = from, to do
    known.used[places[i]] = bits[i - from + 1] == 1
    known.alive[pass_ids[i]] = tonumber(scores[i - from + 1])
  end
  return known
end

-- Answers one redemption, and whether it is a new admission.
local function decide(gate, limits, known, place, pass_id)
  local expires_at = known.alive[pass_id]
  if expires_at and expires_at > limits.now then
    return expires_at, false
  end
  if known.used[place] then
    return USED, false
  end
  local now_us = limits.now * 1000
  local backlog = math.ceil(math.max(gate.tat_us - now_us, 0) / limits.interval_us)
  if gate.living >= limits.max_active or backlog >= limits.burst then
    return BUSY, false
  end
  gate.tat_us = math.max(gate.tat_us, now_us) + limits.interval_us
  if limits.expires_at > limits.now then
    gate.living = gate.living + 1
  end
  known.used[place], known.alive[pass_id] = true, limits.expires_at
  return limits.expires_at, true
end

local function write_round(keys, places, passes)
  if #places > 0 then
    redis.call('BITFIELD', keys.redeemed, unpack(places))
    redis.call('ZADD', keys.active, unpack(passes))
  end
end

-- Redeems `places` for `pass_ids`, in order. Gives for each the expiry of the pass in milliseconds,
-- BUSY or USED, and the new state of the pace. With `in_line`, the first refusal ends it: whoever is
-- behind must not come in before.
local function admit(keys, limits, tat_us, places, pass_ids, in_line)
  local answers = {}
  if #places == 0 then
    return answers, tat_us
  end
  local gate = { tat_us = tat_us, living = count_living(keys.active, limits.now) }
  local stopped = false
  for from = 1, #places, ROUND do
    local to = math.min(from + ROUND - 1, #places)
    local known = read_round(keys, places, pass_ids, from, to)
    local redeemed, passes = {}, {}
    for i = from, to do
      local answer, is_new = decide(gate, limits, known, places[i], pass_ids[i])
      answers[i] = answer
      if is_new then
        local n, m = #redeemed, #passes
        redeemed[n + 1], redeemed[n + 2], redeemed[n + 3], redeemed[n + 4] = 'SET', 'u1', places[i], 1
        passes[m + 1], passes[m + 2] = exact(limits.expires_at), pass_ids[i]
      end
      stopped = in_line and answer <= 0
      if stopped then
        break
      end
    end
    write_round(keys, redeemed, passes)
    if stopped then
      break
    end
  end
  return answers, gate.tat_us
end

