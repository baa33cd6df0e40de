-- Hand the spans of some inserts, named by their received_at, to the roll-ups.
INSERT INTO counted_spans
SELECT
    project_id, start_time, duration_ms, kind, name, provider, model, input_tokens, cached_tokens, output_tokens,
    reasoning_tokens, cost_nano, cost_source, status, error_type, user_id, feature, environment, release, prompt_name,
    prompt_version, variant, service
FROM spans
WHERE counted
    AND received_at BETWEEN fromUnixTimestamp64Milli(arrayMin({stamps:Array(Int64)}), 'UTC')
        AND fromUnixTimestamp64Milli(arrayMax({stamps:Array(Int64)}), 'UTC')
    AND toUnixTimestamp64Milli(received_at) IN {stamps:Array(Int64)}
