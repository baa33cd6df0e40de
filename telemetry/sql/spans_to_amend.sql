-- The spans that some pieces are about, as they are read now. The times are those of the pieces, which were told within
-- their spans. A call that several instruments saw is the one that counts.
SELECT
    s.id_hash, s.project_id, s.trace_id, s.span_id, s.start_time, s.kind, s.counted, s.sampled, s.response_id,
    s.status, s.error_type,
    if(told_error != '', told_error, s.error_message) AS error_now,
    if(told_input != '', told_input, s.input) AS input_now,
    if(told_output != '', told_output, s.output) AS output_now,
    if(told_documents != '', told_documents, s.documents) AS documents_now,
    if(told_tool_calls != '', told_tool_calls, s.tool_calls) AS tool_calls_now,
    if(told_reason != '', told_reason, toString(s.finish_reason)) AS reason_now,
    s.model, s.feature, s.user_id, s.environment, s.release, s.prompt_name, s.prompt_version, s.variant
FROM spans AS s
LEFT JOIN (
    SELECT
        id_hash,
        argMax(input, (pieces, received_at)) AS told_input,
        argMax(output, (pieces, received_at)) AS told_output,
        argMax(documents, (pieces, received_at)) AS told_documents,
        argMax(tool_calls, (pieces, received_at)) AS told_tool_calls,
        argMax(toString(finish_reason), (pieces, received_at)) AS told_reason,
        argMax(error_message, (pieces, received_at)) AS told_error
    FROM span_content
    WHERE project_id IN {projects:Array(UInt32)}
      AND start_time BETWEEN fromUnixTimestamp64Micro({earliest:Int64}, 'UTC') AND fromUnixTimestamp64Micro({latest:Int64}, 'UTC')
    GROUP BY id_hash
) AS told ON told.id_hash = s.id_hash
WHERE s.project_id IN {projects:Array(UInt32)}
  AND s.start_time BETWEEN fromUnixTimestamp64Micro({earliest:Int64}, 'UTC') AND fromUnixTimestamp64Micro({latest:Int64}, 'UTC')
  AND (s.id_hash IN {keys:Array(UInt64)} /*responses*/)
ORDER BY s.counted DESC, s.start_time
LIMIT 1 BY s.id_hash
