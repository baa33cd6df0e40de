-- Who sent since a moment, by the time of receipt: a sender's clock or a late batch does not hide it.
SELECT
    service, scope, dialect, key_id,
    count() AS spans,
    max(received_at) AS last_seen,
    countIf(kind = 'other') AS unrecognised,
    countIf(status = 'error') AS errors,
    countIf(counted AND kind IN ('llm', 'embedding')) AS calls,
    countIf(counted AND kind IN ('llm', 'embedding') AND cost_source = '') AS unpriced
FROM spans
WHERE project_id = {project_id:UInt32} AND received_at >= fromUnixTimestamp64Micro({since:Int64})
GROUP BY service, scope, dialect, key_id
ORDER BY last_seen DESC, spans DESC
LIMIT 200
