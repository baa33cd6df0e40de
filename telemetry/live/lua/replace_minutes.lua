-- Writes minutes as ClickHouse had them, in place of what was there, if the epoch and the lease are still ours.
-- A mark set after `seen` stays: what was stored since then may not be in this copy.
-- KEYS: state, changed, dirty, lease, then one bucket a minute.
-- ARGV: epoch, token of the lease, seen revision, seconds that a bucket is kept, milliseconds to extend the lease by,
--       then for each bucket: minute, number of fields, field, value, …
-- Returns 1, or 0 when nothing was written.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] or redis.call('GET', KEYS[4]) ~= ARGV[2] then return 0 end
redis.call('PEXPIRE', KEYS[4], ARGV[5])
local revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
local at = 6
for i = 5, #KEYS do
  local minute, fields = ARGV[at], tonumber(ARGV[at + 1])
  local last = at + 1 + 2 * fields
  redis.call('DEL', KEYS[i])
  for j = at + 2, last, 200 do
    redis.call('HSET', KEYS[i], unpack(ARGV, j, math.min(j + 199, last)))
  end
  if fields > 0 then
    redis.call('EXPIREAT', KEYS[i], tonumber(minute) * 60 + tonumber(ARGV[4]))
    redis.call('ZADD', KEYS[2], revision, minute)
  else
    redis.call('ZREM', KEYS[2], minute)
  end
  local marked = redis.call('ZSCORE', KEYS[3], minute)
  if marked and tonumber(marked) <= tonumber(ARGV[3]) then redis.call('ZREM', KEYS[3], minute) end
  at = last + 1
end
return 1
