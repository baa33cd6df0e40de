-- Question and answer of a few spans, found by their start, with what later log records told of them. A long text is
-- left out: its JSON could not be read in part.
WITH
    if(told_input != '', told_input, spans.input) AS whole_input,
    if(told_output != '', told_output, spans.output) AS whole_output
SELECT
    trace_id, span_id,
    if(length(whole_input) <= {most_bytes:UInt64}, whole_input, '') AS prompt,
    if(length(whole_output) <= {most_bytes:UInt64}, whole_output, '') AS said
FROM spans
LEFT JOIN (
    SELECT
        id_hash AS told_of,
        argMax(input, (pieces, received_at)) AS told_input,
        argMax(output, (pieces, received_at)) AS told_output
    FROM span_content
    WHERE project_id = {project:UInt32}
        AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
    GROUP BY id_hash
) AS told ON told_of = spans.id_hash
WHERE project_id = {project:UInt32}
    AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
    AND trace_id IN {trace_ids:Array(String)}
