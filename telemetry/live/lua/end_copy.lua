-- Says that everything is copied, if the epoch and the lease are still ours.
-- KEYS: state, lease. ARGV: epoch, token of the lease. Returns 1 or 0.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'ready', 1)
return 1
