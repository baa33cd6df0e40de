-- Models of calls whose cost is not known.
SELECT model, response_model, provider, count() AS calls, sum(spans.input_tokens) AS input_tokens, sum(spans.output_tokens) AS output_tokens
FROM spans
WHERE project_id = {project_id:UInt32} AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND counted AND kind IN ('llm', 'embedding') AND cost_source = ''
GROUP BY model, response_model, provider
ORDER BY calls DESC
LIMIT 50
