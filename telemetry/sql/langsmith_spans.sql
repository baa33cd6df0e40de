-- Whole spans of several traces, by their ids and the range in which they began; /*columns*/ are those of WholeSpan.
SELECT /*columns*/
FROM spans
PREWHERE project_id = {project_id:UInt32} AND trace_id IN {trace_ids:Array(String)} AND span_id IN {span_ids:Array(String)}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time <= fromUnixTimestamp64Micro({end:Int64})
LIMIT 1 BY trace_id, span_id
