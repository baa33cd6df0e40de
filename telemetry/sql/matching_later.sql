-- Which of these traces have a matching span after a page's end: an earlier page listed them.
SELECT DISTINCT trace_id
FROM spans
WHERE project_id = {project_id:UInt32}
    AND start_time >= fromUnixTimestamp64Micro({before:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})
    AND (start_time > fromUnixTimestamp64Micro({before:Int64}) OR trace_id >= {before_id:String})
    AND received_at <= fromUnixTimestamp64Micro({read_at:Int64})
    AND trace_id IN {candidates:Array(String)}
    /*filters*/
SETTINGS max_execution_time = 8
