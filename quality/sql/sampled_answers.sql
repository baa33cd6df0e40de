-- The next sampled answers of a project in the order of their receipt. Many are received at one moment (they came in
-- one insert), so the hash of the id goes on where the moment does not. Texts longer than evaluators read are left out.
-- An answer whose text came in a log record after its span was received when that record was.
SELECT
    trace_id, span_id, start_time, duration_ms, model, finish_reason, calls_tools, prompt, said, found, too_long,
    feature, user_id, environment, release, prompt_name, prompt_version, variant, received_at, position
FROM (
    SELECT
        trace_id, span_id, start_time, duration_ms, model, toString(finish_reason) AS finish_reason,
        tool_calls != '' AS calls_tools,
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
    UNION ALL
    SELECT
        told.trace_id, told.span_id, told.start_time, judged.duration_ms, judged.model, toString(told.finish_reason),
        told.tool_calls != '',
        if(length(told.input) <= {most_bytes:UInt64}, told.input, ''),
        if(length(told.output) <= {most_bytes:UInt64}, told.output, ''),
        if(length(told.documents) <= {most_bytes:UInt64}, told.documents, ''),
        length(told.output) > {most_bytes:UInt64},
        judged.feature, judged.user_id, judged.environment, judged.release, judged.prompt_name, judged.prompt_version,
        judged.variant, told.received_at, reinterpretAsInt64(told.id_hash)
    FROM (
        SELECT * FROM span_content
        WHERE project_id = {project:UInt32} AND sampled
            AND received_at >= fromUnixTimestamp64Milli({after:Int64}) AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
            AND (received_at > fromUnixTimestamp64Milli({after:Int64}) OR reinterpretAsInt64(id_hash) > {position:Int64})
        ORDER BY received_at, reinterpretAsInt64(id_hash)
        LIMIT {limit:UInt32}
    ) AS told
    INNER JOIN (
        SELECT * FROM spans
        WHERE project_id = {project:UInt32} AND kind = 'llm' AND start_time IN (
            SELECT start_time FROM span_content
            WHERE project_id = {project:UInt32} AND sampled
                AND received_at >= fromUnixTimestamp64Milli({after:Int64})
                AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
        )
    ) AS judged ON judged.id_hash = told.id_hash
)
ORDER BY received_at, position
LIMIT {limit:UInt32}
