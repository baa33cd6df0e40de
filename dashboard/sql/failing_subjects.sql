-- Failed operations by what failed (a model, or the operation's name where there is no model) and how, with the worst step.
SELECT by_model, subject, error_type, failed, operations, peak, failed_at_peak
FROM (
    SELECT
        by_model, subject, error_type,
        sum(errors) AS failed,
        sum(sum(spans)) OVER (PARTITION BY by_model, subject) AS operations,
        argMax(slot, errors) AS peak,
        max(errors) AS failed_at_peak
    FROM (
        SELECT by_model, subject, error_type, slot, sum(n) AS spans, sumIf(n, status = 'error') AS errors
        FROM (
            SELECT
                model != '' AS by_model, if(model != '', model, name) AS subject, error_type, status,
                intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot, spans AS n
            FROM spans_1m
            WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
                AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC'))
                AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
            UNION ALL
            SELECT
                model != '' AS by_model, if(model != '', model, name) AS subject, error_type, status,
                intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot, spans AS n
            FROM spans_1h
            WHERE project_id = {project:UInt32}
                AND minute >= toDateTime({hours_start:UInt32}, 'UTC') AND minute < toDateTime({hours_end:UInt32}, 'UTC')
                AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
        )
        GROUP BY by_model, subject, error_type, slot
    )
    GROUP BY by_model, subject, error_type
)
WHERE failed > 0
ORDER BY failed DESC
LIMIT {limit:UInt32}
