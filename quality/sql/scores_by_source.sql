-- Score sums by name and source: who judges what.
SELECT
    name, source, sum(rollup.scores) AS scores, sum(rollup.total) AS total, sum(rollup.squares) AS squares
FROM {table:Identifier} AS rollup
WHERE project_id = {project:UInt32} AND minute >= toDateTime({start:UInt32}, 'UTC') AND minute < toDateTime({end:UInt32}, 'UTC')
    AND (minute < toDateTime({hours_start:UInt32}, 'UTC') OR minute >= toDateTime({hours_end:UInt32}, 'UTC')) /*filters*/
GROUP BY name, source
