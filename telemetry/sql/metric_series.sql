-- The series of some metrics, those in use first.
SELECT name, series, kind, unit, temporality, monotonic, toString(service) AS sender, scope, attributes
FROM metric_series FINAL
WHERE project_id = {project_id:UInt32} AND name IN {names:Array(String)} /*filters*/
ORDER BY received_at DESC, series
LIMIT {each:UInt32} BY name
LIMIT {limit:UInt32}
