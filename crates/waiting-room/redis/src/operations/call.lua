-- call: moves the gate, if nobody was first: if the ledger succeeds the stored one, and boundaries, public entropy
-- and levers are those that the instance knows.
--
-- KEYS   1 state
-- ARGV   13 … 15 how far each lane is called, 16 version of the ledger, 17 the ledger as JSON, 18 allowance or
--        empty for none, 19 express quota, 20 place that express arrivals come behind, or empty, 21 oldest step
-- Reply  0 done: 1 if it was moved, else 0
-- O(steps)

local state = read_state({ 'ledger_version', 'max_active' })
local code = refusal(state)
if code then
  return { code }
end
local is_next = tonumber(state.ledger_version) + 1 == tonumber(ARGV[16])
local is_current = state.frozen == ARGV[11] and state.entropy == ARGV[12]
  and tonumber(state.live_version) == tonumber(ARGV[4])
if not (is_next and is_current) then
  return { DONE, 0 }
end
local changes = {
  'ledger_version', ARGV[16], 'ledger', ARGV[17], 'allowance', ARGV[18] ~= '' and ARGV[18] or state.max_active,
  'express', ARGV[19], 'express_behind', ARGV[20],
}
for lane = 0, 2 do
  local field, wanted = 'called' .. lane, ARGV[13 + lane]
  if tonumber(wanted) > tonumber(state[field]) then
    changes[#changes + 1], changes[#changes + 2] = field, wanted
  end
end
redis.call('HSET', KEYS[1], unpack(changes))
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local step = string.match(field, '^came:(%d+)$')
  if step and tonumber(step) < tonumber(ARGV[21]) then
    redis.call('HDEL', KEYS[1], field)
  end
end
return { DONE, 1 }
