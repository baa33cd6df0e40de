-- Sampled answers that became visible only after the evaluators had passed their moment: an insert that took long.
-- Looked for among what was received lately; those that only called tools are left out, for they get no scores.
SELECT
    trace_id, span_id, start_time, duration_ms, model, finish_reason, tool_calls != '' AS calls_tools,
    if(length(input) <= {most_bytes:UInt64}, input, '') AS prompt,
    output AS said,
    if(length(documents) <= {most_bytes:UInt64}, documents, '') AS found,
    false AS too_long,
    feature, user_id, environment, release, prompt_name, prompt_version, variant,
    received_at, reinterpretAsInt64(id_hash) AS position
FROM spans
WHERE project_id = {project:UInt32} AND sampled AND kind = 'llm' AND tool_calls = ''
    AND length(output) <= {most_bytes:UInt64}
    AND received_at > fromUnixTimestamp64Milli({from:Int64}) AND received_at <= fromUnixTimestamp64Milli({after:Int64})
    AND (trace_id, span_id) NOT IN (
        SELECT trace_id, span_id FROM scores
        WHERE project_id = {project:UInt32} AND source = 'evaluator' AND received_at > fromUnixTimestamp64Milli({from:Int64})
    )
ORDER BY received_at, position
LIMIT {limit:UInt32}
