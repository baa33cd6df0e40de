-- The newest failed spans of these kinds, one a trace; an empty error type takes all.
SELECT trace_id, span_id, start_time, name, error_type AS what, duration_ms AS figure
FROM spans
WHERE project_id = {project_id:UInt32}
  AND start_time >= fromUnixTimestamp64Micro({start:Int64}, 'UTC')
  AND start_time < fromUnixTimestamp64Micro({end:Int64}, 'UTC')
  AND counted AND status = 'error' AND kind IN {kinds:Array(String)}
  AND ({error_type:String} = '' OR error_type = {error_type:String}) /*filters*/
ORDER BY start_time DESC
LIMIT 1 BY trace_id
LIMIT {limit:UInt16}
