-- Hours since the newest span of a project; a large number when there is none.
SELECT dateDiff('second', max(start_time), now64(6)) / 3600 AS hours
FROM spans
WHERE project_id = {project_id:UInt32} AND start_time > now() - INTERVAL 7 DAY
