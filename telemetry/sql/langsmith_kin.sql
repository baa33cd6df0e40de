-- All spans of some traces, for what one of them is to the others: order, ancestors, and sums over what is below.
SELECT
    trace_id, span_id, parent_id, start_time,
    if(counted AND kind IN ('llm', 'embedding'), input_tokens, 0) AS own_input_tokens,
    if(counted AND kind IN ('llm', 'embedding'), output_tokens, 0) AS own_output_tokens,
    if(counted AND kind IN ('llm', 'embedding'), cost_nano, 0) AS own_cost_nano,
    counted AND kind IN ('llm', 'embedding') AND cost_source != '' AS is_priced
FROM spans
WHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)}
ORDER BY start_time, span_id
LIMIT 1 BY trace_id, span_id
LIMIT {limit:UInt32}
