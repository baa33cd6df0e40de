-- How many spans and scores each minute holds: what the live buckets are compared with.
SELECT at, sum(span_count) AS spans, sum(score_count) AS scores
FROM (
    SELECT intDiv(toUInt32(minute), 60) AS at, spans AS span_count, 0 AS score_count
    FROM spans_1m
    WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    UNION ALL
    SELECT intDiv(toUInt32(minute), 60) AS at, 0 AS span_count, scores AS score_count
    FROM scores_1m
    WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
)
GROUP BY at
