-- replace: gives a room the memory that it lacks, if nobody has changed what it has since it was read.
--
-- KEYS   1 state, 2 settings, 3 admitted, 4 and 5 join keys, 6 and 7 resumes, 8 used codes
-- ARGV   2 … 12 the digest that the room must have, the first empty if it must be unknown;
--        13 `raise` to keep the rest of its state, `anew` to begin a new line; 14 its incarnation;
--        15 settings as JSON, 16… field and value of what is to be set
-- Reply  0 done, 1 it was changed meanwhile, -2 it was removed
-- O(openings), besides what it takes to free a line that is over

local CHANGED = 1
local state = read_state({})
if state.removed and tonumber(state.removed) >= tonumber(ARGV[14]) then
  return { REPLACED }
end
if ARGV[2] == '' then
  if state.incarnation then
    return { CHANGED }
  end
else
  for i, name in ipairs(DIGEST) do
    if state[name] ~= ARGV[i + 1] then
      return { CHANGED }
    end
  end
end
if ARGV[13] == 'anew' then
  redis.call('DEL', KEYS[1])
  -- Passes and used codes of the same line that were not forgotten stay; those of another are over.
  if ARGV[2] ~= '' then
    redis.call('UNLINK', unpack(KEYS, 3))
  end
  redis.call('SET', KEYS[2], ARGV[15])
  redis.call('HSET', KEYS[1], 'seen_ms', exact(clock()))
end
redis.call('HSET', KEYS[1], unpack(ARGV, 16))
return { DONE }
