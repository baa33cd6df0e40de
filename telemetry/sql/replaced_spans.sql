-- The versions of some spans that are about to be deleted, as delete_replaced finds them; the newest says whether it counts.
SELECT id_hash, project_id, toUnixTimestamp(toStartOfMinute(start_time)) AS minute, argMax(counted, received_at) AS counts
FROM spans
WHERE project_id IN {projects:Array(UInt32)}
    AND start_time BETWEEN fromUnixTimestamp64Micro({earliest:Int64}, 'UTC') AND fromUnixTimestamp64Micro({latest:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
    AND id_hash IN {ids:Array(UInt64)}
GROUP BY id_hash, project_id, minute
