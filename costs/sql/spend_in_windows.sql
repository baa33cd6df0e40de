-- Spend per value of one column (project_id: of the project) in several stretches of time at once. Hours come from the
-- hour table, but those in which a stretch begins or ends midway (a day in India begins at half past) by minutes.
SELECT
    toString(key) AS value,
    sumForEach(arrayMap(
        (start, end) -> if(at >= start AND at < end, cost, 0), {starts:Array(DateTime('UTC'))}, {ends:Array(DateTime('UTC'))}
    )) AS spent
FROM (
    SELECT {key:Identifier} AS key, spans_1h.minute AS at, cost_nano AS cost
    FROM spans_1h
    WHERE project_id = {project_id:UInt32} AND kind IN ('llm', 'embedding')
      AND spans_1h.minute >= toStartOfHour({start:DateTime('UTC')}) AND spans_1h.minute < {end:DateTime('UTC')}
      AND NOT has({cut_hours:Array(DateTime('UTC'))}, spans_1h.minute)
    UNION ALL
    SELECT {key:Identifier} AS key, spans_1m.minute AS at, cost_nano AS cost
    FROM spans_1m
    WHERE project_id = {project_id:UInt32} AND kind IN ('llm', 'embedding') AND notEmpty({cut_hours:Array(DateTime('UTC'))})
      AND spans_1m.minute >= {start:DateTime('UTC')} AND spans_1m.minute < {end:DateTime('UTC')}
      AND has({cut_hours:Array(DateTime('UTC'))}, toStartOfHour(spans_1m.minute))
)
GROUP BY value
