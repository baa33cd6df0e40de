-- How many sampled answers of one project wait for the evaluators, and since when the oldest does. The text of some came
-- in a log record after their span.
SELECT count() AS answers, min(received_at) AS oldest
FROM (
    SELECT received_at, id_hash FROM spans WHERE project_id = {project:UInt32} AND sampled AND kind = 'llm'
        AND received_at >= fromUnixTimestamp64Milli({after:Int64})
    UNION ALL
    SELECT received_at, id_hash FROM span_content WHERE project_id = {project:UInt32} AND sampled
        AND received_at >= fromUnixTimestamp64Milli({after:Int64})
)
WHERE received_at > fromUnixTimestamp64Milli({after:Int64}) OR reinterpretAsInt64(id_hash) > {position:Int64}
