-- Points stored in the last minutes, by their hash.
SELECT id_hash FROM metric_points WHERE received_at > now64(3) - {seconds:UInt32}
