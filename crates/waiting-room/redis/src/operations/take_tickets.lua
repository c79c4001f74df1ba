-- take_tickets: takes out what is kept for codes, so that each opens once.
--
-- KEYS   1 state, 2 and 3 the resumes of two successive periods
-- ARGV   13 the length of a period in ms, 14… the names of the codes
-- Reply  0 done: [for each what was kept, or '' if there is nothing or its time is over]
-- O(n)

local code = refusal(read_state({}))
if code then
  return { code }
end
local now = clock()
local period = math.floor(now / tonumber(ARGV[13]))

local function take(name)
  for number = period - 1, period do
    local key = KEYS[2 + number % 2]
    local kept = redis.call('HGET', key, 'period') == exact(number) and redis.call('HGET', key, name)
    if kept then
      redis.call('HDEL', key, name)
      local space = string.find(kept, ' ', 1, true)
      return now < tonumber(string.sub(kept, 1, space - 1)) and string.sub(kept, space + 1) or ''
    end
  end
  return ''
end

local taken = {}
for i = 14, #ARGV do
  taken[#taken + 1] = take(ARGV[i])
end
return { DONE, taken }
