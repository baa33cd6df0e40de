-- Which of these spans were received after all. The bloom filters of both ids leave little to read.
SELECT trace_id, span_id
FROM spans
WHERE project_id = {project_id:UInt32} AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND trace_id IN {trace_ids:Array(String)} AND span_id IN {span_ids:Array(String)}
