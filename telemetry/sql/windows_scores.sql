-- Score sums per step (or key) and score name, by the time of what was judged.
SELECT key, name, sum(n) AS scores, sum(value) AS total, sum(square) AS squares
FROM (
    WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
    SELECT {key:Identifier} AS key, name, scores AS n, total AS value, squares AS square
    FROM scores_1m
    WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
        AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC')) /*filters*/
    UNION ALL
    WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
    SELECT {key:Identifier} AS key, name, scores AS n, total AS value, squares AS square
    FROM scores_1h
    WHERE project_id = {project:UInt32}
        AND minute >= toDateTime({hours_start:UInt32}, 'UTC') AND minute < toDateTime({hours_end:UInt32}, 'UTC') /*filters*/
)
GROUP BY key, name
