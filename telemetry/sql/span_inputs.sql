-- Inputs of a few spans, found by their start, also those that a later log record told. Of a long one the beginning,
-- and the end, where its last question is.
WITH if(told_input != '', told_input, spans.input) AS whole_input
SELECT
    trace_id, span_id,
    if(length(whole_input) <= 20000, whole_input, substringUTF8(whole_input, 1, 1000)) AS text,
    if(length(whole_input) <= 20000, '', substringUTF8(whole_input, -4000)) AS ending
FROM spans
LEFT JOIN (
    SELECT id_hash AS told_of, argMax(input, (pieces, received_at)) AS told_input
    FROM span_content
    WHERE project_id = {project_id:UInt32}
        AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
    GROUP BY id_hash
) AS told ON told_of = spans.id_hash
WHERE project_id = {project_id:UInt32}
    AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
    AND span_id IN {span_ids:Array(String)} AND whole_input != ''
