-- Failed operations by what failed (a model, or the operation's name where there is no model) and how, with the worst
-- step, and how many there were in the comparison. The two ranges may overlap.
SELECT
    by_model, subject, error_type,
    sum(now) AS failed,
    argMax(slot, now) AS peak,
    max(now) AS at_peak,
    sum(earlier) AS before
FROM (
    WITH
        minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC') AS is_now,
        minute >= toDateTime({before_start:UInt32}, 'UTC') AND minute < toDateTime({before_end:UInt32}, 'UTC') AS is_before
    SELECT
        model != '' AS by_model,
        if(model != '', model, name) AS subject,
        error_type,
        intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
        sumIf(rollup.spans, is_now) AS now,
        sumIf(rollup.spans, is_before) AS earlier
    FROM {table:Identifier} AS rollup
    WHERE project_id = {project:UInt32} AND (is_now OR is_before)
        AND status = 'error' AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
    GROUP BY by_model, subject, error_type, slot
)
GROUP BY by_model, subject, error_type
HAVING failed >= {least:UInt32}
ORDER BY failed DESC
LIMIT {limit:UInt32}
