-- Judgements whose span did not come in time.
SELECT id_hash, waits_for, any(piece) AS told
FROM log_pieces
WHERE has_scores AND received_at <= now64(3) - {seconds:UInt32}
  AND id_hash NOT IN (SELECT id_hash FROM joined_pieces)
GROUP BY id_hash, waits_for
LIMIT {limit:UInt32}
