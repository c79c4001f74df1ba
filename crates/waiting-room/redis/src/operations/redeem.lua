-- redeem: redeems called places (P9, P11), each answered separately and in order.
--
-- KEYS   1 state, 2 admitted
-- ARGV   13… for each redemption: lane, place, step of the ledger or empty, pass id of 16 bytes
-- Reply  0 done: [for each redemption the end of its pass in ms, or 0 not called, -1 busy, -2 used]
-- O(n log admitted), in a fixed number of commands and one for each step in which somebody came

local NOT_CALLED = 0
local state = read_state(ADMISSION)
local code = refusal(state)
if code then
  return { code }
end
local now = clock()
local gate = read_gate(state, KEYS[2], now)
local pass_ids = {}
for i = 16, #ARGV, 4 do
  pass_ids[#pass_ids + 1] = ARGV[i]
end
local ends = read_passes(KEYS[2], pass_ids)
local answers, came = {}, {}
for i, pass_id in ipairs(pass_ids) do
  local at = 13 + (i - 1) * 4
  local called = tonumber(state['called' .. ARGV[at]])
  if not ends[pass_id] and tonumber(ARGV[at + 1]) >= called then
    answers[i] = NOT_CALLED
  else
    local answer, is_new = decide(gate, ends, pass_id)
    answers[i] = answer
    local step = ARGV[at + 2]
    if is_new and step ~= '' then
      came[step] = (came[step] or 0) + 1
    end
  end
end
write_passes(gate, KEYS[2])
for step, count in pairs(came) do
  redis.call('HINCRBY', KEYS[1], 'came:' .. step, count)
end
return { DONE, answers }
