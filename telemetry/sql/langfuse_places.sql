-- Where the spans with these ids are, of those that came in pieces.
SELECT trace_id, span_id
FROM spans
WHERE project_id = {project_id:UInt32} AND span_id IN {span_ids:Array(String)} AND dialect = 'langfuse'
GROUP BY trace_id, span_id
