-- Sampled answers that came after a moment, by project: whom the evaluators have work for. Reads two small columns of
-- the parts that are newer than the moment.
SELECT project_id, count() AS answers
FROM spans
WHERE sampled AND kind = 'llm' AND received_at > fromUnixTimestamp64Milli({after:Int64})
    AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
GROUP BY project_id
