-- What the pieces wait for that are not joined and may still be.
SELECT DISTINCT waits_for FROM log_pieces
WHERE received_at > now64(3) - {seconds:UInt32}
  AND id_hash NOT IN (SELECT id_hash FROM joined_pieces WHERE received_at > now64(3) - {seconds:UInt32})
