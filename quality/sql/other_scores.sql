-- Everything else that was said of some answers: which dimension failed, and why.
SELECT trace_id, span_id, name, value, label, comment
FROM scores
WHERE project_id = {project:UInt32} AND trace_id IN {trace_ids:Array(String)}
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at <= fromUnixTimestamp64Micro({end:Int64})
ORDER BY value, name
