-- What stands around some answers in their traces: what was retrieved, and the root, which holds the question as the
-- user asked it.
SELECT
    trace_id, span_id, parent_id = '' AS is_root, kind, start_time,
    if(length(input) <= {most_bytes:UInt64}, input, '') AS prompt,
    if(kind IN ('retrieval', 'rerank') AND length(documents) <= {most_bytes:UInt64}, documents, '') AS found
FROM spans
WHERE project_id = {project:UInt32} AND trace_id IN {trace_ids:Array(String)}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time <= fromUnixTimestamp64Micro({end:Int64})
    AND (kind IN ('retrieval', 'rerank') OR parent_id = '')
ORDER BY start_time
