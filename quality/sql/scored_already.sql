-- Which of the console's dimensions the senders of some traces have scored themselves.
SELECT DISTINCT trace_id, name
FROM scores
WHERE project_id = {project:UInt32} AND name IN {names:Array(String)} AND trace_id IN {trace_ids:Array(String)}
    AND source IN ('client', 'judge')
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at <= fromUnixTimestamp64Micro({end:Int64})
