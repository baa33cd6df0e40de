-- Which of these spans are stored already. The times are those of the batch itself, so this reads a few granules.
SELECT id_hash FROM spans
WHERE project_id IN {projects:Array(UInt32)}
  AND start_time BETWEEN fromUnixTimestamp64Micro({earliest:Int64}, 'UTC') AND fromUnixTimestamp64Micro({latest:Int64}, 'UTC')
  AND received_at > now64(3) - {seconds:UInt32}
  AND id_hash IN {ids:Array(UInt64)}
