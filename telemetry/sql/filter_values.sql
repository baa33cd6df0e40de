-- What the filters of a list can be set to: values of the hours that the range touches, the most frequent first.
SELECT pair.1 AS filter, pair.2 AS value, sum(n) AS weight
FROM (
    SELECT
        [
            ('model', toString(model)), ('feature', toString(feature)), ('provider', toString(provider)),
            ('environment', toString(environment)), ('release', toString(release)), ('service', toString(service)),
            ('prompt_name', toString(prompt_name)), ('prompt_version', toString(prompt_version)),
            ('variant', toString(variant)), ('name', toString(name))
        ] AS pairs,
        sum(spans_1h.spans) AS n
    FROM spans_1h
    WHERE project_id = {project_id:UInt32}
        AND minute >= toStartOfHour(fromUnixTimestamp64Micro({start:Int64}, 'UTC')) AND minute < fromUnixTimestamp64Micro({end:Int64})
    GROUP BY pairs
)
ARRAY JOIN pairs AS pair
WHERE value != ''
GROUP BY filter, value
ORDER BY filter, weight DESC, value
LIMIT 40 BY filter
