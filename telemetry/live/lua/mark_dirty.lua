-- Marks minutes whose sums are wrong or missing: from now on they are copied from ClickHouse.
-- KEYS: state, dirty, derived. ARGV: minutes. Returns the new revision, 0 without a state (all is copied anyway).
if redis.call('HEXISTS', KEYS[1], 'first') == 0 then return 0 end
local revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
for _, minute in ipairs(ARGV) do
  redis.call('SADD', KEYS[3], minute)
  redis.call('ZADD', KEYS[2], revision, minute)
end
return revision
