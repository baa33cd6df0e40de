-- All pieces of some spans, also those that were joined before: a conversation is put together anew from all of it.
SELECT id_hash, waits_for, any(piece) AS told
FROM log_pieces
WHERE waits_for IN {keys:Array(UInt64)}
GROUP BY id_hash, waits_for
