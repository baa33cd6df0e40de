-- Which of these scores are stored already, however long ago: an evaluator that starts again must not judge twice.
SELECT id_hash FROM scores
WHERE project_id IN {projects:Array(UInt32)}
  AND score_id IN {score_ids:Array(String)}
  AND id_hash IN {ids:Array(UInt64)}
