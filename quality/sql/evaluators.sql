-- What each evaluator wrote in the range, and when it last did.
SELECT evaluator, name, count() AS scores, avg(value) AS mean, max(received_at) AS last_at
FROM scores
WHERE project_id = {project:UInt32} AND source = 'evaluator'
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
GROUP BY evaluator, name
