-- Mean score by feature and topic, with the step in which it was lowest. Steps with fewer than three scores are no peak
-- unless all are.
SELECT
    feature, topic, name,
    sum(n) AS scores,
    sum(value) AS total,
    argMin(slot, (n < 3, value / n)) AS worst,
    argMin(value / n, (n < 3, value / n)) AS mean_at_worst
FROM (
    SELECT feature, topic, name, slot, sum(amount) AS n, sum(points) AS value
    FROM (
        SELECT
            feature, topic, name, intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
            scores AS amount, total AS points
        FROM scores_1m
        WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
            AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC'))
            AND name IN {names:Array(String)} /*filters*/
        UNION ALL
        SELECT
            feature, topic, name, intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
            scores AS amount, total AS points
        FROM scores_1h
        WHERE project_id = {project:UInt32}
            AND minute >= toDateTime({hours_start:UInt32}, 'UTC') AND minute < toDateTime({hours_end:UInt32}, 'UTC')
            AND name IN {names:Array(String)} /*filters*/
    )
    GROUP BY feature, topic, name, slot
)
GROUP BY feature, topic, name
ORDER BY scores DESC
LIMIT {limit:UInt32}
