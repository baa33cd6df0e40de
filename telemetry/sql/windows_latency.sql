-- The latency histogram of calls per step (or key), as two parallel arrays: bucket, count.
SELECT key, mapKeys(merged) AS buckets, mapValues(merged) AS counts
FROM (
    SELECT key, sumMap(latency) AS merged
    FROM (
        WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
        SELECT {key:Identifier} AS key, latency
        FROM spans_1m
        WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
            AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC'))
            AND kind IN ('llm', 'embedding') /*filters*/
        UNION ALL
        WITH intDiv(toUInt32(minute), {step:UInt32}) * {step:UInt32} AS slot
        SELECT {key:Identifier} AS key, latency
        FROM spans_1h
        WHERE project_id = {project:UInt32}
            AND minute >= toDateTime({hours_start:UInt32}, 'UTC') AND minute < toDateTime({hours_end:UInt32}, 'UTC')
            AND kind IN ('llm', 'embedding') /*filters*/
    )
    GROUP BY key
)
