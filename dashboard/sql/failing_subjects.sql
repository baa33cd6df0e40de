-- Failed operations by what failed (a model, or the operation's name where there is no model) and how, with the worst
-- step, and how many there were in the comparison. The two ranges may overlap.
SELECT by_model, subject, error_type, failed, operations, peak, failed_at_peak, failed_before
FROM (
    SELECT
        by_model, subject, error_type,
        sumIf(errors, is_now) AS failed,
        sum(sumIf(spans, is_now)) OVER (PARTITION BY by_model, subject) AS operations,
        argMaxIf(slot, errors, is_now) AS peak,
        maxIf(errors, is_now) AS failed_at_peak,
        sumIf(errors, is_before) AS failed_before
    FROM (
        SELECT
            model != '' AS by_model,
            if(model != '', model, name) AS subject,
            error_type,
            intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
            minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC') AS is_now,
            minute >= toDateTime({before_start:UInt32}, 'UTC') AND minute < toDateTime({before_end:UInt32}, 'UTC') AS is_before,
            sum(rollup.spans) AS spans,
            sumIf(rollup.spans, status = 'error') AS errors
        FROM {table:Identifier} AS rollup
        WHERE project_id = {project:UInt32} AND (is_now OR is_before)
            AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
        GROUP BY by_model, subject, error_type, slot, is_now, is_before
    )
    GROUP BY by_model, subject, error_type
)
WHERE failed > 0
ORDER BY failed DESC
LIMIT {limit:UInt32}
