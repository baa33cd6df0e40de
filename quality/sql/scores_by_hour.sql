-- Sums of the console's dimensions by project and hour.
SELECT project_id, minute AS hour, name, sum(scores) AS n, sum(total) AS value
FROM scores_1h
WHERE minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND name IN {names:Array(String)}
GROUP BY project_id, hour, name
