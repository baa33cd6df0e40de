-- What was stored since a moment, by what made it and the key that brought it. Read from the minutes of telemetry.senders.tally.
SELECT
    service, scope, dialect, key_id, client,
    sum(sender_sources.spans) AS spans,
    max(sender_sources.last_at) AS last_seen,
    sum(sender_sources.unrecognised) AS unrecognised,
    sum(sender_sources.errors) AS errors,
    sum(sender_sources.calls) AS calls,
    sum(sender_sources.unpriced) AS unpriced,
    sum(sender_sources.tokenless) AS tokenless,
    sum(sender_sources.modelless) AS modelless,
    sum(sender_sources.textless) AS textless,
    sum(sender_sources.inspected) AS inspected
FROM sender_sources
WHERE project_id = {project_id:UInt32} AND minute >= toDateTime({since:UInt32})
GROUP BY service, scope, dialect, key_id, client
ORDER BY last_seen DESC, spans DESC
LIMIT 500
