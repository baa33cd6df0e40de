-- Whether a project has ever received anything (within retention).
SELECT count() > 0 AS found FROM (SELECT 1 FROM spans_1h WHERE project_id = {project:UInt32} LIMIT 1)
