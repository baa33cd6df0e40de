-- Spend per user: whole quarters of an hour from the roll-up, the edges of the range from the spans, so that the
-- sum equals that of every other table of the same range.
SELECT
    user_id AS name,
    sum(each.calls) AS calls,
    sum(each.unpriced) AS unpriced,
    sum(each.input_tokens) AS input_tokens,
    sum(each.output_tokens) AS output_tokens,
    sum(each.cost_nano) AS cost_nano
FROM (
    SELECT user_id, calls, unpriced, input_tokens, output_tokens, cost_nano
    FROM spend_15m
    WHERE project_id = {project_id:UInt32}
      AND slot >= {slots_start:DateTime('UTC')} AND slot < {slots_end:DateTime('UTC')} /*filters*/
    UNION ALL
    SELECT user_id, toUInt64(1), toUInt64(cost_source = ''), input_tokens, output_tokens, cost_nano
    FROM spans
    WHERE project_id = {project_id:UInt32} AND counted AND kind IN ('llm', 'embedding')
      AND ((start_time >= {start:DateTime('UTC')} AND start_time < {slots_start:DateTime('UTC')})
        OR (start_time >= {slots_end:DateTime('UTC')} AND start_time < {end:DateTime('UTC')})) /*filters*/
) AS each
GROUP BY name
ORDER BY cost_nano DESC, calls DESC, name
