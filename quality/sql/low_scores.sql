-- How many scores of one name lie below a bound, for each value of a dimension.
SELECT {key:Identifier} AS key, countIf(value < {below:Float64}) AS low
FROM scores
WHERE project_id = {project:UInt32} AND name = {name:String}
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
GROUP BY key
HAVING low > 0
