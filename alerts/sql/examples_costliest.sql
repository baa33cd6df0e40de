-- The calls that cost most, then those with the most tokens, one a trace.
SELECT trace_id, span_id, start_time, name, model AS what, toFloat64(cost_nano) / 1e9 AS figure
FROM spans
WHERE project_id = {project_id:UInt32}
  AND start_time >= fromUnixTimestamp64Micro({start:Int64}, 'UTC')
  AND start_time < fromUnixTimestamp64Micro({end:Int64}, 'UTC')
  AND counted AND kind IN ('llm', 'embedding') /*filters*/
ORDER BY cost_nano DESC, input_tokens + output_tokens DESC
LIMIT 1 BY trace_id
LIMIT {limit:UInt16}
