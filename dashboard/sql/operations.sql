-- What was done, by name and model, with its latency histogram as two parallel arrays: bucket, count. Most first.
SELECT
    name, model, sum(rollup.spans) AS operations,
    mapKeys(sumMap(latency)) AS buckets, mapValues(sumMap(latency)) AS counts
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32}
    AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') /*filters*/
GROUP BY name, model
ORDER BY operations DESC
LIMIT {limit:UInt32}
