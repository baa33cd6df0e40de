-- Requests since a moment, by who sent them and what they carried.
SELECT
    key_id, client, signal,
    sum(sender_receipts.requests) AS requests,
    sum(sender_receipts.items) AS items,
    sum(sender_receipts.refused) AS refused,
    max(sender_receipts.last_at) AS last_seen
FROM sender_receipts
WHERE project_id = {project_id:UInt32} AND minute >= toDateTime({since:UInt32})
GROUP BY key_id, client, signal
ORDER BY last_seen DESC
LIMIT 500
