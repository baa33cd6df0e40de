-- The last minutes of each sender: how much came, and how long after it had ended.
SELECT
    key_id, client, toUInt32(minute) AS at,
    sum(sources_1m.spans) AS spans,
    sum(sources_1m.batches) AS batches,
    min(sources_1m.lag_min) AS lag_min,
    max(sources_1m.lag_max) AS lag_max
FROM sources_1m
WHERE project_id = {project_id:UInt32} AND minute >= toDateTime({since:UInt32})
GROUP BY key_id, client, minute
ORDER BY minute
LIMIT 20000
