-- Operations of which more than one in a hundred took longer than the target, with the step in which most did.
-- The latency histogram stays a map: its quantiles are read from it as everywhere else.
SELECT
    name,
    sum(spans) AS operations,
    sum(above) AS slow,
    argMax(slot, above) AS peak,
    max(above) AS slow_at_peak,
    mapKeys(sumMap(histogram) AS merged) AS buckets,
    mapValues(merged) AS counts
FROM (
    SELECT
        name,
        intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot,
        sum(rollup.spans) AS spans,
        sumMap(latency) AS histogram,
        arraySum((bucket, amount) -> if(bucket > {target_bucket:UInt16}, amount, 0), mapKeys(histogram), mapValues(histogram)) AS above
    FROM {table:Identifier} AS rollup
    WHERE project_id = {project:UInt32}
        AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
        AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
    GROUP BY name, slot
)
GROUP BY name
HAVING operations >= {sample:UInt32} AND slow * 100 > operations
ORDER BY slow DESC
LIMIT {limit:UInt32}
