-- freeze: freezes a boundary at the entries issued so far, if it is the next one, its time has come here as well as for
-- the instance, and that knows the levers, by which the operator may have moved it. The first gathering begins with
-- entry 0, also when it is frozen late, unless its draw is due as well.
--
-- KEYS   1 state
-- ARGV   13 number of the boundary, 14 when it is due in ms, 15 when the one after it is due, or empty
-- Reply  0 done, or nothing to do
-- O(1)

local state = read_state({ 'quiet_until_ms', 'next_due_ms' })
local code = refusal(state)
if code then
  return { code }
end
local now = clock()
local is_due = state.next_due_ms ~= '' and now >= tonumber(state.next_due_ms) and now >= tonumber(ARGV[14])
local is_time = is_due and now >= tonumber(state.quiet_until_ms)
local is_current = tonumber(state.live_version) == tonumber(ARGV[4])
if is_time and is_current and follows(state.frozen, tonumber(ARGV[13])) then
  local entries = { state.entered0, state.entered1, state.entered2 }
  if ARGV[13] == '0' and (ARGV[15] == '' or now < tonumber(ARGV[15])) then
    entries = { '0', '0', '0' }
  end
  local parts = { ARGV[13], exact(now), unpack(entries) }
  local frozen = state.frozen .. table.concat(parts, ' ') .. ';'
  redis.call('HSET', KEYS[1], 'frozen', frozen, 'next_due_ms', ARGV[15], 'express', '0')
end
return { DONE }
