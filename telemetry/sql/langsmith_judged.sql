-- Every judgement of some spans, newest first.
SELECT
    score_id, trace_id, span_id, name, value, label, comment, source, evaluator, occurred_at, received_at
FROM scores
WHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)} AND span_id IN {span_ids:Array(String)}
ORDER BY received_at DESC, score_id
LIMIT 1 BY score_id
LIMIT {limit:UInt32}
