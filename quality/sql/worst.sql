-- The lowest scores of one name, newest first among equals.
SELECT trace_id, span_id, value, label, comment, source, evaluator, occurred_at, model, feature, topic
FROM scores
WHERE project_id = {project:UInt32} AND name = {name:String}
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
ORDER BY value, occurred_at DESC
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
