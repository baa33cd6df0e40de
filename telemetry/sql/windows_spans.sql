-- Sums per step (or per value of one roll-up key) and model. Whole hours come from the hour table, the edges from the minute table.
-- Tokens and money count for calls alone, as in the live buckets.
SELECT
    key, model, is_call,
    sum(n) AS spans, sum(unpriced) AS unpriced, sum(input) AS input_tokens, sum(cached) AS cached_tokens,
    sum(output) AS output_tokens, sum(reasoning) AS reasoning_tokens, sum(cost) AS cost_nano
FROM (
    WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
    SELECT
        {key:Identifier} AS key, model, kind IN ('llm', 'embedding') AS is_call, spans AS n, unpriced,
        input_tokens AS input, cached_tokens AS cached, output_tokens AS output, reasoning_tokens AS reasoning, cost_nano AS cost
    FROM spans_1m
    WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
        AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC')) /*filters*/
    UNION ALL
    WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
    SELECT
        {key:Identifier} AS key, model, kind IN ('llm', 'embedding') AS is_call, spans AS n, unpriced,
        input_tokens AS input, cached_tokens AS cached, output_tokens AS output, reasoning_tokens AS reasoning, cost_nano AS cost
    FROM spans_1h
    WHERE project_id = {project:UInt32}
        AND minute >= toDateTime({hours_start:UInt32}, 'UTC') AND minute < toDateTime({hours_end:UInt32}, 'UTC') /*filters*/
)
GROUP BY key, model, is_call
