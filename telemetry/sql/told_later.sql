-- What log records told of spans after these were stored; of a span's rows the one that holds comes last.
SELECT trace_id, span_id, input, output, documents, tool_calls, finish_reason, error_message
FROM span_content
WHERE project_id = {project_id:UInt32}
    AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
ORDER BY pieces, received_at
