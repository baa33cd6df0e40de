-- How many scores of one name lie in each of some equal bins; what lies outside belongs to the first and the last.
SELECT
    toUInt16(least(greatest(floor((value - {low:Float64}) / ({high:Float64} - {low:Float64}) * {bins:UInt16}), 0), {bins:UInt16} - 1)) AS bin,
    count() AS scores
FROM scores
WHERE project_id = {project:UInt32} AND name = {name:String}
    AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
GROUP BY bin
ORDER BY bin
