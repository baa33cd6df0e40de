-- Make the slots anew of which points were received since a moment.
INSERT INTO /*table*/
SELECT
    project_id, series, toDateTime(intDiv(toUnixTimestamp(time), {seconds:UInt32}) * {seconds:UInt32}, 'UTC') AS slot,
    start_time, cumulative, cityHash64(bounds) AS bounds_hash,
    count() AS points,
    max(time) AS last_at,
    argMax(value, time) AS last,
    sum(value) AS total,
    min(value) AS low,
    max(value) AS high,
    if(cumulative, argMax(metric_points.count, time), sum(metric_points.count)) AS measured,
    if(cumulative, argMax(metric_points.minimum, time), ifNull(minOrNullIf(metric_points.minimum, isFinite(metric_points.minimum)), nan)) AS smallest,
    if(cumulative, argMax(metric_points.maximum, time), ifNull(maxOrNullIf(metric_points.maximum, isFinite(metric_points.maximum)), nan)) AS largest,
    any(metric_points.bounds) AS upper_bounds,
    if(cumulative, argMax(metric_points.buckets, time), sumForEach(metric_points.buckets)) AS counts,
    argMax(metric_points.quantiles, time) AS shares,
    argMax(metric_points.quantile_values, time) AS at_shares,
    {version:UInt64} AS version
FROM metric_points
WHERE (project_id, series, intDiv(toUnixTimestamp(time), {seconds:UInt32})) IN (
        SELECT DISTINCT project_id, series, intDiv(toUnixTimestamp(time), {seconds:UInt32})
        FROM metric_points WHERE received_at > fromUnixTimestamp64Milli({since:Int64})
    )
    AND time >= (
        SELECT min(time) FROM metric_points WHERE received_at > fromUnixTimestamp64Milli({since:Int64})
    ) - INTERVAL {seconds:UInt32} SECOND
    AND time >= now() - INTERVAL {days:UInt32} DAY
GROUP BY project_id, series, slot, start_time, cumulative, bounds_hash
