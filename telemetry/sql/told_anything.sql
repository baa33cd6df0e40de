-- Whether log records ever told something of a stored span of this project.
SELECT 1 AS found FROM span_content WHERE project_id = {project_id:UInt32} LIMIT 1
