-- Failed operations, step by step, by what failed (a model, or the operation's name where there is no model) and how.
-- The range and its comparison may overlap.
WITH
    minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC') AS is_now,
    minute >= toDateTime({before_start:UInt32}, 'UTC') AND minute < toDateTime({before_end:UInt32}, 'UTC') AS is_before
SELECT
    model != '' AS by_model,
    if(model != '', model, name) AS subject,
    error_type,
    intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
    sumIf(rollup.spans, is_now) AS failed,
    sumIf(rollup.spans, is_before) AS before
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32} AND (is_now OR is_before)
    AND status = 'error' AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
GROUP BY by_model, subject, error_type, slot
HAVING failed + before > 0
ORDER BY failed DESC
LIMIT {limit:UInt32}
