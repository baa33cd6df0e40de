-- Mean scores by feature and topic, the worst losses first, each with the step in which it was lowest. Steps with fewer
-- than three scores are no peak unless all are.
SELECT
    feature, topic, name,
    sum(n) AS scores,
    sum(value) / scores AS mean,
    argMin(slot, (n < 3, value / n)) AS worst,
    argMin(value / n, (n < 3, value / n)) AS mean_at_worst
FROM (
    SELECT
        feature, topic, name,
        intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
        sum(rollup.scores) AS n,
        sum(total) AS value
    FROM {table:Identifier} AS rollup
    WHERE project_id = {project:UInt32}
        AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
        AND name IN {names:Array(String)} /*filters*/
    GROUP BY feature, topic, name, slot
)
GROUP BY feature, topic, name
HAVING scores >= {sample:UInt32}
ORDER BY name != {overall:String}, sum(n) - sum(value) DESC
LIMIT {limit:UInt32}
