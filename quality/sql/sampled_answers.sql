-- The next sampled answers of a project in the order of their receipt. Many are received at one moment (they came in
-- one insert), so the hash of the id goes on where the moment does not. Texts longer than evaluators read are left out.
SELECT
    trace_id, span_id, start_time, duration_ms, model, finish_reason, tool_calls != '' AS calls_tools,
    if(length(input) <= {most_bytes:UInt64}, input, '') AS prompt,
    if(length(output) <= {most_bytes:UInt64}, output, '') AS said,
    if(length(documents) <= {most_bytes:UInt64}, documents, '') AS found,
    length(output) > {most_bytes:UInt64} AS too_long,
    feature, user_id, environment, release, prompt_name, prompt_version, variant,
    received_at, reinterpretAsInt64(id_hash) AS position
FROM spans
WHERE project_id = {project:UInt32} AND sampled AND kind = 'llm'
    AND received_at >= fromUnixTimestamp64Milli({after:Int64}) AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
    AND (received_at > fromUnixTimestamp64Milli({after:Int64}) OR reinterpretAsInt64(id_hash) > {position:Int64})
ORDER BY received_at, position
LIMIT {limit:UInt32}
