-- The newest trace of each of some sessions.
SELECT session_id, argMax(trace_id, start_time) AS trace
FROM spans
WHERE project_id = {project_id:UInt32} AND start_time >= fromUnixTimestamp64Micro({since:Int64}) AND session_id IN {session_ids:Array(String)}
GROUP BY session_id
