-- The slowest calls, one a trace.
SELECT trace_id, span_id, start_time, name, model AS what, duration_ms AS figure
FROM spans
WHERE project_id = {project_id:UInt32}
  AND start_time >= fromUnixTimestamp64Micro({start:Int64}, 'UTC')
  AND start_time < fromUnixTimestamp64Micro({end:Int64}, 'UTC')
  AND counted AND kind IN ('llm', 'embedding') /*filters*/
ORDER BY duration_ms DESC
LIMIT 1 BY trace_id
LIMIT {limit:UInt16}
