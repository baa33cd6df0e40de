-- Hand the scores of some inserts, named by their received_at, to the roll-ups.
INSERT INTO counted_scores
SELECT
    project_id, occurred_at, name, source, value, model, feature, topic, environment, release, prompt_name, prompt_version,
    variant
FROM scores
WHERE received_at BETWEEN fromUnixTimestamp64Milli(arrayMin({stamps:Array(Int64)}), 'UTC')
        AND fromUnixTimestamp64Milli(arrayMax({stamps:Array(Int64)}), 'UTC')
    AND toUnixTimestamp64Milli(received_at) IN {stamps:Array(Int64)}
