-- One row for each of some traces, from those of their spans that began in a range. No text is read.
SELECT
    trace_id,
    count() AS spans,
    min(start_time) AS started,
    max(start_time + toIntervalMicrosecond(toInt64(duration_ms * 1000))) AS ended,
    countIf(parent_id = '') AS roots,
    -- The root, else the first span.
    argMin(spans.name, (parent_id != '', start_time)) AS name,
    argMin(spans.status, (parent_id != '', start_time)) AS status,
    argMin(spans.span_id, (parent_id != '', start_time)) AS main_span,
    argMin(spans.start_time, (parent_id != '', start_time)) AS main_start,
    argMinIf(span_id, start_time, kind = 'llm') AS call_span,
    minIf(start_time, kind = 'llm') AS call_start,
    argMinIf(spans.feature, start_time, spans.feature != '') AS feature,
    -- Of an answer, else of whatever called a model.
    argMinIf(spans.model, (kind != 'llm', start_time), spans.model != '' AND kind IN ('llm', 'embedding')) AS model,
    uniqExactIf(spans.model, spans.model != '' AND kind IN ('llm', 'embedding')) AS models,
    -- Agents and chains may repeat what the calls inside them used.
    sumIf(spans.input_tokens, counted AND kind IN ('llm', 'embedding')) AS input_tokens,
    sumIf(spans.output_tokens, counted AND kind IN ('llm', 'embedding')) AS output_tokens,
    sumIf(spans.cost_nano, counted AND kind IN ('llm', 'embedding')) AS cost_nano,
    countIf(counted AND kind IN ('llm', 'embedding')) AS calls,
    countIf(counted AND kind IN ('llm', 'embedding') AND cost_source = '') AS unpriced,
    countIf(spans.status = 'error' AND counted AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail')) AS failed,
    -- A root often says no more than that something inside it failed.
    argMinIf(spans.error_type, (spans.error_type = 'other', start_time), spans.status = 'error' AND spans.error_type != '') AS error_type,
    countIf(spans.status = 'unfinished') AS unfinished
FROM spans
PREWHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})
GROUP BY trace_id
