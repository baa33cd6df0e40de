-- Features and topics whose mean score is low, the worst losses first, each with the step in which it was lowest.
-- A group is judged by its overall score where it has one, else by its worst dimension. Steps with fewer than three
-- scores are no peak unless all are.
SELECT
    feature, topic,
    argMin(name, (name != {overall:String}, mean)) AS judged_by,
    argMin(scores, (name != {overall:String}, mean)) AS answers,
    argMin(mean, (name != {overall:String}, mean)) AS average,
    argMin(worst, (name != {overall:String}, mean)) AS peak,
    argMin(mean_at_worst, (name != {overall:String}, mean)) AS average_at_peak
FROM (
    SELECT
        feature, topic, name,
        sum(n) AS scores,
        sum(value) / sum(n) AS mean,
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
)
GROUP BY feature, topic
HAVING average < {low:Float64}
ORDER BY answers * (1 - average) DESC
LIMIT {limit:UInt32}
