-- Every judgement of one trace and its spans, oldest first.
SELECT score_id, span_id, name, value, label, comment, source, evaluator, topic, occurred_at, received_at
FROM scores
WHERE project_id = {project_id:UInt32} AND trace_id = {trace_id:String}
ORDER BY received_at, name, score_id
LIMIT 1 BY score_id
LIMIT 5000
