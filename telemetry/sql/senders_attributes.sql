-- Attribute names that no table understood, in the newest spans.
SELECT attribute, count() AS spans, any(service) AS example_service, any(value) AS example
FROM (
    SELECT service, JSONExtractKeysAndValuesRaw(attributes) AS pairs
    FROM spans
    WHERE project_id = {project_id:UInt32} AND received_at >= fromUnixTimestamp64Micro({since:Int64})
        AND attributes NOT IN ('', '{}')
    ORDER BY start_time DESC
    LIMIT {limit:UInt64}
)
ARRAY JOIN pairs.1 AS attribute, arrayMap(v -> substringUTF8(v, 1, 80), pairs.2) AS value
GROUP BY attribute
ORDER BY spans DESC, attribute
LIMIT 100
