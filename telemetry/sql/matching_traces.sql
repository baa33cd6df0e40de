-- The traces of the newest matching spans, newest first. The inner question has no second sort key and a plain limit,
-- so that it is read in the order of the primary key and stops early; ``was_read`` and ``oldest`` say whether it was cut.
SELECT
    trace_id, max(start_time) AS at, argMax(span_id, start_time) AS span_id,
    sum(count()) OVER () AS was_read, min(min(start_time)) OVER () AS oldest
FROM (
    SELECT trace_id, span_id, start_time
    FROM spans
    WHERE project_id = {project_id:UInt32}
        AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})
        AND start_time <= fromUnixTimestamp64Micro({before:Int64})
        AND (start_time < fromUnixTimestamp64Micro({before:Int64}) OR trace_id < {before_id:String})
        AND trace_id NOT IN {seen:Array(String)}
        /*filters*/
    ORDER BY start_time DESC
    LIMIT {spans:UInt64}
)
GROUP BY trace_id
ORDER BY at DESC, trace_id DESC
LIMIT {traces:UInt64}
SETTINGS max_execution_time = 8
