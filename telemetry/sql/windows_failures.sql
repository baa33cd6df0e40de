-- Failed operations per step (or key) and error type; chains and agents only repeat the failure of what they contain.
SELECT key, error_type, sumIf(n, is_call) AS calls, sum(n) AS operations
FROM (
    WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
    SELECT {key:Identifier} AS key, error_type, kind IN ('llm', 'embedding') AS is_call, spans AS n
    FROM spans_1m
    WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
        AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC'))
        AND status = 'error' AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
    UNION ALL
    WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
    SELECT {key:Identifier} AS key, error_type, kind IN ('llm', 'embedding') AS is_call, spans AS n
    FROM spans_1h
    WHERE project_id = {project:UInt32}
        AND minute >= toDateTime({hours_start:UInt32}, 'UTC') AND minute < toDateTime({hours_end:UInt32}, 'UTC')
        AND status = 'error' AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
)
GROUP BY key, error_type
