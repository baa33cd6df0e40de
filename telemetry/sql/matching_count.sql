-- How many spans match, in how many traces; counting stops at the limit.
SELECT count() AS spans, uniqExact(trace_id) AS traces
FROM (
    SELECT trace_id
    FROM spans
    WHERE project_id = {project_id:UInt32}
        AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})
        /*filters*/
    LIMIT {limit:UInt64}
)
SETTINGS max_execution_time = 8
