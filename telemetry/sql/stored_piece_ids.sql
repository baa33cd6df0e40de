-- Which of these pieces are stored already.
SELECT id_hash FROM log_pieces WHERE id_hash IN {ids:Array(UInt64)} AND waits_for IN {keys:Array(UInt64)}
