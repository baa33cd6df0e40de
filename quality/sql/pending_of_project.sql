-- How many sampled answers of one project wait for the evaluators, and since when the oldest does.
SELECT count() AS answers, min(received_at) AS oldest
FROM spans
WHERE project_id = {project:UInt32} AND sampled AND kind = 'llm'
    AND received_at >= fromUnixTimestamp64Milli({after:Int64})
    AND (received_at > fromUnixTimestamp64Milli({after:Int64}) OR reinterpretAsInt64(id_hash) > {position:Int64})
