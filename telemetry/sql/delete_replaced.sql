-- Take out the versions of some spans that were stored before a moment.
DELETE FROM spans
WHERE project_id IN {projects:Array(UInt32)}
    AND start_time BETWEEN fromUnixTimestamp64Micro({earliest:Int64}, 'UTC') AND fromUnixTimestamp64Micro({latest:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')
    AND id_hash IN {ids:Array(UInt64)}
