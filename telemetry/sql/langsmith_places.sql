-- Where some runs are: by their span ids, or as the roots of traces that have shorter span ids. Two questions, because each
-- has a bloom filter of its own.
SELECT trace_id, span_id, parent_id, start_time
FROM (
    SELECT trace_id, span_id, parent_id, start_time
    FROM spans
    WHERE project_id = {project_id:UInt32} AND span_id IN {span_ids:Array(String)}
    UNION ALL
    SELECT trace_id, span_id, parent_id, start_time
    FROM spans
    WHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)} AND parent_id = ''
)
LIMIT 1 BY trace_id, span_id
