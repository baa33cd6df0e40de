-- Adds one commit's sums to the minute buckets of a project, all or nothing.
-- A minute that is copied from ClickHouse is marked to be copied again instead: adding to it could count twice.
-- Without a state (Redis was emptied) nothing is written; whoever begins the next epoch copies everything.
-- KEYS: state, changed, dirty, derived, then one bucket a minute.
-- ARGV: seconds that a bucket is kept, then for each bucket: minute, number of fields, field, value, field, value, …
-- Returns the new revision, 0 without a state.
local first = tonumber(redis.call('HGET', KEYS[1], 'first'))
if not first then return 0 end
local revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
local at = 2
for i = 5, #KEYS do
  local minute, fields = ARGV[at], tonumber(ARGV[at + 1])
  local last = at + 1 + 2 * fields
  if tonumber(minute) < first or redis.call('SISMEMBER', KEYS[4], minute) == 1 then
    redis.call('ZADD', KEYS[3], revision, minute)
  else
    for j = at + 2, last, 2 do
      local kind = string.sub(ARGV[j], 1, 2)
      if kind == 'st' or kind == 'sq' then
        redis.call('HINCRBYFLOAT', KEYS[i], ARGV[j], ARGV[j + 1])
      else
        redis.call('HINCRBY', KEYS[i], ARGV[j], ARGV[j + 1])
      end
    end
    redis.call('EXPIREAT', KEYS[i], tonumber(minute) * 60 + tonumber(ARGV[1]))
    redis.call('ZADD', KEYS[2], revision, minute)
  end
  at = last + 1
end
return revision
