-- The same over time, by model.
SELECT
    toDateTime(intDiv(toUInt32(start_time), {step:UInt32}) * {step:UInt32}, 'UTC') AS slot,
    model,
    sum(spans.cost_nano) AS cost_nano
FROM spans
WHERE project_id = {project_id:UInt32} AND counted AND kind IN ('llm', 'embedding')
  AND start_time >= {start:DateTime('UTC')} AND start_time < {end:DateTime('UTC')} /*filters*/
GROUP BY slot, model
ORDER BY slot
