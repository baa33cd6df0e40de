-- The latency histogram of calls per step (or key), as two parallel arrays: bucket, count.
WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
SELECT {key:Identifier} AS key, mapKeys(sumMap(latency)) AS buckets, mapValues(sumMap(latency)) AS counts
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC'))
    AND kind IN ('llm', 'embedding') /*filters*/
GROUP BY key
