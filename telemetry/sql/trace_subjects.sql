-- What a score takes from the trace that it judges: the root's start, else the first span's, and the first value of the rest.
SELECT
    trace_id,
    '' AS span_id,
    argMin(spans.start_time, (parent_id != '', start_time)) AS started,
    argMinIf(spans.model, (kind != 'llm', start_time), spans.model != '') AS model,
    argMinIf(spans.feature, start_time, spans.feature != '') AS feature,
    argMinIf(spans.user_id, start_time, spans.user_id != '') AS user_id,
    argMinIf(spans.environment, start_time, spans.environment != '') AS environment,
    argMinIf(spans.release, start_time, spans.release != '') AS release,
    argMinIf(spans.prompt_name, start_time, spans.prompt_name != '') AS prompt_name,
    argMinIf(spans.prompt_version, start_time, spans.prompt_version != '') AS prompt_version,
    argMinIf(spans.variant, start_time, spans.variant != '') AS variant
FROM spans
WHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)}
GROUP BY trace_id
