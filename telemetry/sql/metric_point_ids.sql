-- Which of these points are stored already.
SELECT id_hash FROM metric_points
WHERE project_id IN {projects:Array(UInt32)} AND series IN {series:Array(UInt64)}
  AND time BETWEEN fromUnixTimestamp64Micro({earliest:Int64}, 'UTC') AND fromUnixTimestamp64Micro({latest:Int64}, 'UTC')
  AND id_hash IN {ids:Array(UInt64)}
