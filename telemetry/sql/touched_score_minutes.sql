-- Minutes that lately received scores belong to.
SELECT project_id, toUnixTimestamp(toStartOfMinute(occurred_at)) AS minute
FROM scores
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND received_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
GROUP BY project_id, minute
