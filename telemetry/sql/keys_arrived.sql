-- What waiting pieces wait for and what came since a moment: spans of another process, of before a restart, or of the
-- instant in which both came. The second hash is telemetry.recent.response_hash.
WITH waiting AS (
    SELECT waits_for FROM log_pieces
    WHERE received_at > now64(3) - {seconds:UInt32}
      AND id_hash NOT IN (SELECT id_hash FROM joined_pieces WHERE received_at > now64(3) - {seconds:UInt32})
)
SELECT DISTINCT arrayJoin(
    [id_hash, if(response_id = '', id_hash, xxh3(concat(toString(project_id), '|response|', response_id)))]
) AS arrived
FROM spans
WHERE received_at > fromUnixTimestamp64Milli({since:Int64}) AND arrived IN waiting
