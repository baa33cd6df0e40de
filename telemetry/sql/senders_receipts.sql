-- Requests since a moment, by who sent them and what they carried.
SELECT
    key_id, client, signal,
    sum(receipts_1m.requests) AS requests,
    sum(receipts_1m.items) AS items,
    sum(receipts_1m.refused) AS refused,
    max(receipts_1m.last_at) AS last_seen
FROM receipts_1m
WHERE project_id = {project_id:UInt32} AND minute >= toDateTime({since:UInt32})
GROUP BY key_id, client, signal
ORDER BY last_seen DESC
LIMIT 500
