-- Question and answer of a few spans, found by their start. A long text is left out: its JSON could not be read in part.
SELECT
    trace_id, span_id,
    if(length(input) <= {most_bytes:UInt64}, input, '') AS prompt,
    if(length(output) <= {most_bytes:UInt64}, output, '') AS said
FROM spans
WHERE project_id = {project:UInt32}
    AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
    AND trace_id IN {trace_ids:Array(String)}
