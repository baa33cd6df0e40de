-- Series by steps: of cumulative points the last of each step, of others their sum. From the points themselves or one of
-- their roll-ups.
SELECT
    series, start_time, cumulative,
    intDiv(toUnixTimestamp(slot), {step:UInt32}) * {step:UInt32} AS at,
    sum(points) AS n,
    max(last_at) AS newest,
    argMax(last, last_at) AS latest,
    sum(total) AS sum_of_values,
    min(low) AS lowest,
    max(high) AS highest,
    if(cumulative, argMax(count, last_at), sum(count)) AS measured,
    if(cumulative, argMax(minimum, last_at), min(minimum)) AS smallest,
    if(cumulative, argMax(maximum, last_at), max(maximum)) AS largest,
    /*buckets*/
FROM /*source*/
GROUP BY series, start_time, cumulative, at, bounds_hash
ORDER BY series, newest
LIMIT 400000
