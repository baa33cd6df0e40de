-- Mean scores by feature and topic, and by feature as a whole, the worst losses first; each with the step in which it was
-- lowest, and what its low steps hold. Steps with fewer than three scores are no peak unless all are.
SELECT
    feature, topic, whole, name,
    sum(n) AS scores,
    sum(value) / scores AS mean,
    argMin(slot, (n < 3, value / n)) AS worst,
    argMin(value / n, (n < 3, value / n)) AS mean_at_worst,
    sumIf(n, is_low) AS low,
    if(low > 0, sumIf(value, is_low) / low, 0) AS low_mean
FROM (
    SELECT
        feature, topic, grouping(topic) AS whole, name,
        intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
        sum(rollup.scores) AS n,
        sum(total) AS value,
        n >= {sample:UInt32} AND value < {low_score:Float64} * n AS is_low
    FROM {table:Identifier} AS rollup
    WHERE project_id = {project:UInt32}
        AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
        AND name IN {names:Array(String)} /*filters*/
    GROUP BY GROUPING SETS ((feature, topic, name, slot), (feature, name, slot))
)
GROUP BY feature, topic, whole, name
HAVING scores >= {sample:UInt32}
ORDER BY name != {overall:String}, sum(n) - sum(value) DESC
LIMIT {limit:UInt32}
