-- Spend per value of one column, from the spans themselves: for filters and columns that no roll-up has. The key is not
-- called "name", because that is a column which a filter may be about.
SELECT
    {key:Identifier} AS spender,
    count() AS calls,
    countIf(cost_source = '') AS unpriced,
    sum(spans.input_tokens) AS input_tokens,
    sum(spans.output_tokens) AS output_tokens,
    sum(spans.cost_nano) AS cost_nano
FROM spans
WHERE project_id = {project_id:UInt32} AND counted AND kind IN ('llm', 'embedding')
  AND start_time >= {start:DateTime('UTC')} AND start_time < {end:DateTime('UTC')} /*filters*/
GROUP BY spender
ORDER BY cost_nano DESC, calls DESC, spender
