-- The newest spans, without those so new that their parent, which ends and is sent after them, may be on its way.
SELECT trace_id, span_id, parent_id, service, key_id, client, start_time
FROM spans
WHERE project_id = {project_id:UInt32}
    AND received_at >= fromUnixTimestamp64Micro({since:Int64}) AND received_at < fromUnixTimestamp64Micro({settled:Int64})
ORDER BY start_time DESC
LIMIT {limit:UInt64}
