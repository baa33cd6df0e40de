-- Inputs of a few spans, found by their start. Of a long one the beginning, and the end, where its last question is.
SELECT
    trace_id, span_id,
    if(length(input) <= 20000, input, substringUTF8(input, 1, 1000)) AS text,
    if(length(input) <= 20000, '', substringUTF8(input, -4000)) AS ending
FROM spans
WHERE project_id = {project_id:UInt32}
    AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
    AND span_id IN {span_ids:Array(String)} AND input != ''
