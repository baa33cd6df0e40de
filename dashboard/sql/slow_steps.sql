-- How many operations of these names were above the target, step by step; only steps with any.
SELECT
    name,
    intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
    sum(arraySum((bucket, amount) -> if(bucket > {target_bucket:UInt16}, amount, 0), mapKeys(latency), mapValues(latency))) AS above
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32}
    AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') AND name IN {names:Array(String)} /*filters*/
GROUP BY name, slot
HAVING above > 0
