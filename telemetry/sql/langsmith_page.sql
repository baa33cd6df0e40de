-- The newest (or oldest) spans that match. There is no second sort key and a plain limit, so that it is read in the order of
-- the primary key and stops early. A span of LangSmith's dialect that came by OTLP, as its short id says, and is not counted
-- is the copy of a run that is here as well.
SELECT trace_id, span_id, parent_id, start_time
FROM spans
WHERE project_id = {project_id:UInt32}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})
    AND (counted OR dialect != 'langsmith' OR length(span_id) = 32)
    /*filters*/
ORDER BY start_time /*direction*/
LIMIT {limit:UInt32}
SETTINGS max_execution_time = 8
