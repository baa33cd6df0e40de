-- What was refused, not understood or not priced since the hour of a moment, each with its newest example.
SELECT
    kind, key_id, client, about, subject,
    sum(sender_notes.times) AS times,
    argMax(sender_notes.example, sender_notes.last_at) AS example,
    max(sender_notes.last_at) AS last_seen
FROM sender_notes
WHERE project_id = {project_id:UInt32} AND hour >= toStartOfHour(toDateTime({since:UInt32}))
GROUP BY kind, key_id, client, about, subject
ORDER BY times DESC, subject
LIMIT 150 BY kind
LIMIT 600
