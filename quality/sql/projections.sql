-- An even sample of the embedding projections of one model in a range, chosen by the hash of the span's id.
-- Vectors of another length cannot be compared, so the model and its dimensions go together.
SELECT
    model, embedding_dimensions AS dimensions, count() AS calls,
    groupArraySorted({most:UInt32})((id_hash, embedding_projection)) AS points
FROM spans
WHERE project_id = {project:UInt32} AND kind = 'embedding' AND counted AND notEmpty(embedding_projection)
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})
    /*filters*/
GROUP BY model, dimensions
ORDER BY calls DESC
LIMIT 5
