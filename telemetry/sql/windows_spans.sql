-- Sums per step (or per value of one roll-up key), model and kind of failure, from the minute or the hour table.
-- Only operations fail here: chains and agents only repeat the failure of what they contain.
WITH
    intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
    kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') AS is_operation
SELECT
    {key:Identifier} AS key, model, kind IN ('llm', 'embedding') AS is_call,
    status = 'error' AND is_operation AS failed, if(failed, error_type, '') AS failure,
    sum(rollup.spans) AS spans, sum(rollup.unpriced) AS unpriced, sum(rollup.input_tokens) AS input_tokens,
    sum(rollup.cached_tokens) AS cached_tokens, sum(rollup.output_tokens) AS output_tokens,
    sum(rollup.reasoning_tokens) AS reasoning_tokens, sum(rollup.cost_nano) AS cost_nano
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC')) /*filters*/
GROUP BY key, model, is_call, failed, failure
