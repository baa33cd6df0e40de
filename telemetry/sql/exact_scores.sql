-- Score sums over two ranges, by the time of what was judged.
SELECT name, count() AS n, sum(value) AS total, sum(value * value) AS squares
FROM scores
WHERE project_id = {project_id:UInt32}
    AND (
        (occurred_at >= fromUnixTimestamp64Micro({first_start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({first_end:Int64}))
        OR (occurred_at >= fromUnixTimestamp64Micro({last_start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({last_end:Int64}))
    ) /*filters*/
GROUP BY name
