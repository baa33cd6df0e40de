-- Hashes of the scores received lately, as raw numbers: the index of what is stored is filled from them at start.
SELECT id_hash FROM scores
PREWHERE received_at > now64(3) - {seconds:UInt32}
