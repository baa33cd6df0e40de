-- The last minutes of each sender: how much came, and how long after it had ended.
SELECT
    key_id, client, toUInt32(minute) AS at,
    sum(sender_sources.spans) AS spans,
    sum(sender_sources.batches) AS batches,
    min(sender_sources.lag_min) AS lag_min,
    max(sender_sources.lag_max) AS lag_max
FROM sender_sources
WHERE project_id = {project_id:UInt32} AND minute >= toDateTime({since:UInt32})
GROUP BY key_id, client, minute
ORDER BY minute
LIMIT 20000
