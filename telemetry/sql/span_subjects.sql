-- What a score takes from the span that it judges.
SELECT
    trace_id, span_id, start_time, model, feature, user_id, environment, release, prompt_name, prompt_version, variant
FROM spans
WHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)} AND span_id IN {span_ids:Array(String)}
LIMIT 1 BY trace_id, span_id
