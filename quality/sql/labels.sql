-- What was found, by name of the score: the labels of low scores, most frequent first.
SELECT name, label, count() AS scores
FROM scores
WHERE project_id = {project:UInt32} AND name = {name:String} AND label != ''
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
GROUP BY name, label
ORDER BY scores DESC, label
LIMIT 12
