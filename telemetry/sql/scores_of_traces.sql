-- Mean of each score of some traces, their own and their spans'.
SELECT trace_id, name, avg(value) AS mean, count() AS scores
FROM scores
WHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)}
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
GROUP BY trace_id, name
ORDER BY trace_id, name != 'overall', name
