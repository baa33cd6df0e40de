-- Begins to keep buckets for a project after Redis was emptied (or for the first time). From here on every record is
-- seen: before `first` as a mark to copy, from `first` on as sums.
-- KEYS: state, changed, dirty, derived. ARGV: id of the epoch, first minute that is counted here.
-- Returns 1, or 0 when another process was faster.
if redis.call('HEXISTS', KEYS[1], 'first') == 1 then return 0 end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'first', ARGV[2], 'ready', 0, 'revision', 0)
return 1
