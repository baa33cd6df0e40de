-- The minutes that some scores, named by their ids, belong to.
SELECT DISTINCT project_id, toUnixTimestamp(toStartOfMinute(occurred_at)) AS minute
FROM scores
WHERE project_id = {project_id:UInt32} AND score_id IN {ids:Array(String)}
