-- As sampled_answers.sql: the answers whose text came in a log record after their span.
SELECT
    trace_id, span_id, start_time, finish_reason, tool_calls != '' AS calls_tools,
    if(length(input) <= {most_bytes:UInt64}, input, '') AS prompt,
    if(length(output) <= {most_bytes:UInt64}, output, '') AS said,
    if(length(documents) <= {most_bytes:UInt64}, documents, '') AS found,
    length(output) > {most_bytes:UInt64} AS too_long,
    received_at, reinterpretAsInt64(id_hash) AS position
FROM span_content
WHERE project_id = {project:UInt32} AND sampled
    AND received_at >= fromUnixTimestamp64Milli({after:Int64}) AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
    AND (received_at > fromUnixTimestamp64Milli({after:Int64}) OR reinterpretAsInt64(id_hash) > {position:Int64})
ORDER BY received_at, position
LIMIT {limit:UInt32}
