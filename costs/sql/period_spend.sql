-- Spend of the project, or of each user, feature or model, in consecutive periods, each split at its mark.
-- Periods count from 1 in the order of `starts`; the last one ends at `end`. Read by quarter of an hour, at which
-- every local hour, day, week and month begins.
SELECT
    multiIf({scope:String} = 'user', user_id, {scope:String} = 'feature', toString(feature),
            {scope:String} = 'model', toString(model), '') AS value,
    arrayLastIndex(start -> start <= slot, {starts:Array(DateTime('UTC'))}) AS period,
    sumIf(cost_nano, slot < {marks:Array(DateTime('UTC'))}[period]) AS before_nano,
    sumIf(cost_nano, slot >= {marks:Array(DateTime('UTC'))}[period]) AS after_nano
FROM spend_15m
WHERE project_id = {project_id:UInt32}
  AND slot >= {start:DateTime('UTC')} AND slot < {end:DateTime('UTC')}
  AND ({scope:String} = 'project' OR value != '')
  AND (empty({values:Array(String)}) OR has({values:Array(String)}, value))
GROUP BY value, period
ORDER BY before_nano + after_nano DESC
LIMIT {limit:UInt32}
