-- Pieces stored in the last minutes, by their hash.
SELECT id_hash FROM log_pieces WHERE received_at > now64(3) - {seconds:UInt32}
