-- Whether points were received since a moment.
SELECT count() FROM metric_points WHERE received_at > fromUnixTimestamp64Milli({since:Int64})
