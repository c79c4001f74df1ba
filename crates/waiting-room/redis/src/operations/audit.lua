-- Audit, put before the operations that operators ask for: what they did is written in the same step.

-- Writes what was done, as JSON, into the stream of the room, of which about the newest `length_max` are kept. The
-- id comes from Redis itself, which makes it greater than all before.
local function record(audit_key, deed, length_max)
  redis.call('XADD', audit_key, 'MAXLEN', '~', length_max, '*', 'at', exact(clock()), 'deed', deed)
end
