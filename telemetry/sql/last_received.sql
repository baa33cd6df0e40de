-- When the last span and the last score were stored, in milliseconds since 1970; 0 for none.
SELECT
    toUnixTimestamp64Milli((SELECT max(received_at) FROM spans)) AS span_at,
    toUnixTimestamp64Milli((SELECT max(received_at) FROM scores)) AS score_at
