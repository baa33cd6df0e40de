-- Spans among the newest whose parent is not among them. Parents end, and are sent, after their children.
WITH recent AS (
    SELECT trace_id, span_id, parent_id, service, start_time
    FROM spans
    WHERE project_id = {project_id:UInt32}
        AND received_at >= fromUnixTimestamp64Micro({since:Int64}) AND received_at < fromUnixTimestamp64Micro({settled:Int64})
    ORDER BY start_time DESC
    LIMIT {limit:UInt64}
)
SELECT trace_id, parent_id, any(service) AS sender, count() AS spans, min(start_time) AS first_start
FROM recent
WHERE parent_id != ''
    AND (trace_id, parent_id) NOT IN (
        SELECT trace_id, span_id FROM spans
        WHERE project_id = {project_id:UInt32} AND received_at >= fromUnixTimestamp64Micro({since:Int64})
            AND trace_id IN (SELECT trace_id FROM recent WHERE parent_id != '')
    )
GROUP BY trace_id, parent_id
ORDER BY first_start DESC
LIMIT 200
