-- The lowest scores of one name, one a trace.
SELECT trace_id, span_id, occurred_at AS start_time, feature AS operation, if(label = '', model, label) AS what, value AS figure
FROM scores
WHERE project_id = {project_id:UInt32}
  AND name = {score:String}
  AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}, 'UTC')
  AND occurred_at < fromUnixTimestamp64Micro({end:Int64}, 'UTC') /*filters*/
ORDER BY value, occurred_at DESC
LIMIT 1 BY trace_id
LIMIT {limit:UInt16}
