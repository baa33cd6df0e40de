-- How many operations each of these models (or names, where there is no model) did in all.
SELECT model != '' AS by_model, if(model != '', model, name) AS subject, sum(rollup.spans) AS operations
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32}
    AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND kind IN ('llm', 'embedding', 'retrieval', 'rerank', 'tool', 'guardrail') AND subject IN {subjects:Array(String)} /*filters*/
GROUP BY by_model, subject
