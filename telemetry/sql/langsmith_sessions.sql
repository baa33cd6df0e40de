-- The services of a project, which LangSmith calls its projects, newest first; from the hour roll-up.
SELECT service, min(minute) AS first_hour, max(minute) AS last_hour, sum(spans) AS spans
FROM spans_1h
WHERE project_id = {project_id:UInt32} /*filters*/
GROUP BY service
ORDER BY last_hour DESC, service
LIMIT 5000
