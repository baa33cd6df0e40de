-- Calls whose cost is not known, by what they ran on. Read from the spans, because only they say why.
SELECT
    provider,
    model,
    service_tier,
    count() AS calls,
    countIf(spans.input_tokens = 0 AND spans.output_tokens = 0) AS without_tokens,
    sum(spans.input_tokens) AS input_tokens,
    sum(spans.output_tokens) AS output_tokens,
    max(start_time) AS last_at
FROM spans
WHERE project_id = {project_id:UInt32} AND counted AND kind IN ('llm', 'embedding') AND cost_source = ''
  AND start_time >= {start:DateTime('UTC')} AND start_time < {end:DateTime('UTC')} /*filters*/
GROUP BY provider, model, service_tier
ORDER BY calls DESC, provider, model, service_tier
LIMIT {limit:UInt32}
