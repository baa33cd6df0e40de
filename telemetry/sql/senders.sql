-- What was stored since a moment, by what made it and the key that brought it. Read from the minutes of telemetry.tally.
SELECT
    service, scope, dialect, key_id, client,
    sum(sources_1m.spans) AS spans,
    max(sources_1m.last_at) AS last_seen,
    sum(sources_1m.unrecognised) AS unrecognised,
    sum(sources_1m.errors) AS errors,
    sum(sources_1m.calls) AS calls,
    sum(sources_1m.unpriced) AS unpriced,
    sum(sources_1m.tokenless) AS tokenless,
    sum(sources_1m.modelless) AS modelless,
    sum(sources_1m.textless) AS textless,
    sum(sources_1m.inspected) AS inspected
FROM sources_1m
WHERE project_id = {project_id:UInt32} AND minute >= toDateTime({since:UInt32})
GROUP BY service, scope, dialect, key_id, client
ORDER BY last_seen DESC, spans DESC
LIMIT 500
