-- Traces that a user and the evaluators have both judged: how high the overall score was where users were content,
-- and where they were not. A user's values above one half (or, for stars, above three) count as content.
SELECT is_content, count() AS traces, sum(overall) AS total, sum(overall * overall) AS squares
FROM (
    SELECT
        trace_id,
        avgIf(value, source = 'user') AS by_user,
        maxIf(value, source = 'user') AS highest,
        avgIf(value, source = 'evaluator' AND name = 'overall') AS overall,
        if(highest > 1, by_user > 3, by_user > 0.5) AS is_content
    FROM scores
    WHERE project_id = {project:UInt32} AND (source = 'user' OR (source = 'evaluator' AND name = 'overall'))
        AND occurred_at >= fromUnixTimestamp64Micro({start:Int64}) AND occurred_at < fromUnixTimestamp64Micro({end:Int64})
        /*filters*/
    GROUP BY trace_id
    HAVING countIf(source = 'user') > 0 AND countIf(source = 'evaluator') > 0
)
GROUP BY is_content
