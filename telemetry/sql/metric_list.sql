-- The metrics of a project, with who sends them, by name.
SELECT
    name, kind, unit, temporality, monotonic,
    uniqExact(series) AS sets,
    arraySort(groupUniqArray(20)(toString(service))) AS senders,
    max(received_at) AS seen
FROM metric_series FINAL
WHERE project_id = {project_id:UInt32} AND positionCaseInsensitiveUTF8(name, {q:String}) > 0
GROUP BY name, kind, unit, temporality, monotonic
ORDER BY name, seen DESC
LIMIT 1 BY name
LIMIT {limit:UInt32}
