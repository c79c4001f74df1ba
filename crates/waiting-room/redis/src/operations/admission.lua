-- Admission, put before join.lua and redeem.lua: who may come in now (P9, P11).
--
-- It must give the answers of `waiting_room::admission::decide`; the vectors beside that hold it.

local BUSY, USED = -1, -2
local ADMISSION = { 'paused', 'interval_us', 'burst', 'max_active', 'allowance', 'tat_us', 'pass_ttl_ms' }

local function read_gate(state, admitted_key, now)
  local gate = { now = now, now_us = now * 1000, passes = {} }
  gate.paused = state.paused == '1'
  gate.max_active = math.min(tonumber(state.max_active), tonumber(state.allowance))
  gate.interval_us, gate.burst = tonumber(state.interval_us), tonumber(state.burst)
  -- More than the limit comes from a clock that was set back, or from another pace; see `waiting_room::pace`.
  gate.limit_us = gate.burst * gate.interval_us
  gate.backlog_us = math.max(tonumber(state.tat_us) - gate.now_us, 0)
  if gate.backlog_us > gate.limit_us then
    gate.backlog_us = gate.limit_us - gate.interval_us
  end
  gate.expires_at = math.floor((now + tonumber(state.pass_ttl_ms)) / 1000) * 1000
  gate.living = redis.call('ZCOUNT', admitted_key, '(' .. exact(now), '+inf')
  return gate
end

-- The ends of the passes of `pass_ids`, by id; an id that is missing was never admitted.
local function read_passes(admitted_key, pass_ids)
  local ends = {}
  for from = 1, #pass_ids, 1000 do
    local to = math.min(from + 999, #pass_ids)
    local scores = redis.call('ZMSCORE', admitted_key, unpack(pass_ids, from, to))
    for i = from, to do
      ends[pass_ids[i]] = tonumber(scores[i - from + 1] or nil)
    end
  end
  return ends
end

-- The end of the pass, BUSY or USED; and whether it is a new one.
local function decide(gate, ends, pass_id)
  local known = ends[pass_id]
  if known then
    return known > gate.now and known or USED, false
  end
  local has_pace = gate.limit_us - gate.backlog_us >= gate.interval_us
  if gate.paused or gate.living >= gate.max_active or not has_pace then
    return BUSY, false
  end
  gate.backlog_us = gate.backlog_us + gate.interval_us
  gate.living = gate.living + 1
  ends[pass_id] = gate.expires_at
  local n = #gate.passes
  gate.passes[n + 1], gate.passes[n + 2] = exact(gate.expires_at), pass_id
  return gate.expires_at, true
end

local function write_passes(gate, admitted_key)
  if #gate.passes > 0 then
    redis.call('HSET', KEYS[1], 'tat_us', exact(gate.now_us + gate.backlog_us))
  end
  for from = 1, #gate.passes, 1000 do
    redis.call('ZADD', admitted_key, unpack(gate.passes, from, math.min(from + 999, #gate.passes)))
  end
end
