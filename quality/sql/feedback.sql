-- The newest words of users.
SELECT trace_id, name, value, label, comment, occurred_at, user_id
FROM scores
WHERE project_id = {project:UInt32} AND source = 'user' AND comment != ''
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
ORDER BY occurred_at DESC
LIMIT {limit:UInt32}
