-- Minutes that lately received spans belong to.
SELECT project_id, toUnixTimestamp(toStartOfMinute(start_time)) AS minute
FROM spans
WHERE counted AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND received_at <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
GROUP BY project_id, minute
