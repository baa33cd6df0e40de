-- Spans among the newest whose parent was not received. Parents end, and are sent, after their children.
WITH recent AS (
    SELECT trace_id, span_id, parent_id, service, key_id, client, start_time
    FROM spans
    WHERE project_id = {project_id:UInt32}
        AND received_at >= fromUnixTimestamp64Micro({since:Int64}) AND received_at < fromUnixTimestamp64Micro({settled:Int64})
    ORDER BY start_time DESC
    LIMIT {limit:UInt64}
)
SELECT
    trace_id, parent_id, any(recent.service) AS sender, any(recent.key_id) AS key, any(recent.client) AS program,
    count() AS spans, min(recent.start_time) AS first_start
FROM recent
WHERE parent_id != ''
    AND (trace_id, parent_id) NOT IN (SELECT trace_id, span_id FROM recent)
    AND (trace_id, parent_id) NOT IN (
        SELECT trace_id, span_id FROM spans
        WHERE project_id = {project_id:UInt32} AND received_at >= fromUnixTimestamp64Micro({since:Int64})
            AND trace_id IN (
                SELECT trace_id FROM recent
                WHERE parent_id != '' AND (trace_id, parent_id) NOT IN (SELECT trace_id, span_id FROM recent)
            )
    )
GROUP BY trace_id, parent_id
ORDER BY first_start DESC
LIMIT 200
