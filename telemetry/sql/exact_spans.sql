-- Sums over the raw spans of two ranges (the cut minutes at both ends of a longer one), as the roll-ups have them.
SELECT
    model,
    kind IN ('llm', 'embedding') AS is_call,
    status = 'error' AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') AS is_failure,
    if(is_failure, error_type, '') AS failure,
    count() AS n,
    countIf(cost_source = '') AS unpriced,
    sum(input_tokens) AS input, sum(cached_tokens) AS cached, sum(output_tokens) AS output,
    sum(reasoning_tokens) AS reasoning, sum(cost_nano) AS cost,
    sumMap(map(toUInt16(if(duration_ms <= 0.1, 0, ceil(log(duration_ms / 0.1) / log(1.02)))), toUInt64(1))) AS latency
FROM spans
WHERE project_id = {project_id:UInt32} AND counted
    AND (
        (start_time >= fromUnixTimestamp64Micro({first_start:Int64}) AND start_time < fromUnixTimestamp64Micro({first_end:Int64}))
        OR (start_time >= fromUnixTimestamp64Micro({last_start:Int64}) AND start_time < fromUnixTimestamp64Micro({last_end:Int64}))
    ) /*filters*/
GROUP BY model, is_call, is_failure, failure
