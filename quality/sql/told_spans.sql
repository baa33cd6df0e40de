-- What evaluators know of some spans besides their texts, by the hash of the id.
SELECT
    reinterpretAsInt64(id_hash) AS position, duration_ms, model, feature, user_id, environment, release, prompt_name,
    prompt_version, variant
FROM spans
WHERE project_id = {project:UInt32} AND kind = 'llm'
    AND start_time IN (SELECT fromUnixTimestamp64Micro(arrayJoin({starts:Array(Int64)})))
LIMIT 1 BY position
