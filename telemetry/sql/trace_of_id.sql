-- The trace with this id, or that holds the span with it. Two questions, because each has a bloom filter of its own.
SELECT trace_id
FROM (
    SELECT trace_id FROM spans WHERE project_id = {project_id:UInt32} AND trace_id = {id:String} LIMIT 1
    UNION ALL
    SELECT trace_id FROM spans WHERE project_id = {project_id:UInt32} AND span_id = {id:String} LIMIT 1
)
LIMIT 1
