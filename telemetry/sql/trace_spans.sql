-- The spans of one trace without their texts, oldest first; one that was stored twice is there once.
SELECT
    span_id, parent_id, start_time, duration_ms, kind, name, model, feature, status, error_type,
    input_tokens, output_tokens, cost_nano, cost_source, counted
FROM spans
WHERE project_id = {project_id:UInt32} AND trace_id = {trace_id:String}
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt64}
