-- With a ClickHouse server: every insert goes to the roll-ups at once, whichever process made it.
CREATE MATERIALIZED VIEW IF NOT EXISTS counted_spans_mv TO counted_spans AS
SELECT
    project_id, start_time, duration_ms, kind, name, provider, model, input_tokens, cached_tokens, output_tokens,
    reasoning_tokens, cost_nano, cost_source, status, error_type, user_id, feature, environment, release, prompt_name,
    prompt_version, variant, service
FROM spans
WHERE counted
