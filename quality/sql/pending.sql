-- Sampled answers that came after a moment, by project: whom the evaluators have work for. Reads two small columns of
-- the parts that are newer than the moment.
SELECT project_id, sum(n) AS answers
FROM (
    SELECT project_id, count() AS n
    FROM spans
    WHERE sampled AND kind = 'llm' AND received_at > fromUnixTimestamp64Milli({after:Int64})
        AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
    GROUP BY project_id
    UNION ALL
    SELECT project_id, count() AS n
    FROM span_content
    WHERE sampled AND received_at > fromUnixTimestamp64Milli({after:Int64})
        AND received_at <= fromUnixTimestamp64Milli({horizon:Int64})
    GROUP BY project_id
)
GROUP BY project_id
