-- Hours whose scores have changed: what was judged in them may have been judged, or sent, long after.
SELECT DISTINCT project_id, toStartOfHour(occurred_at) AS hour
FROM scores
WHERE received_at > fromUnixTimestamp64Milli({since:Int64}) AND name IN {names:Array(String)}
    AND occurred_at >= fromUnixTimestamp64Micro({earliest:Int64})
