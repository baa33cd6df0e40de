-- The lowest and highest value of one score name, for the axis of its distribution.
SELECT count() AS scores, min(value) AS low, max(value) AS high
FROM scores
WHERE project_id = {project:UInt32} AND name = {name:String}
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
