-- The same by hour, fed by what arrives in spans_1m: ranges longer than two days read this one.
CREATE TABLE spans_1h AS spans_1m
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (project_id, minute, kind, name, provider, model, feature, environment, release, prompt_name, prompt_version, variant, service, status, error_type);

CREATE MATERIALIZED VIEW spans_1h_mv TO spans_1h AS
SELECT
    project_id, toStartOfHour(spans_1m.minute) AS minute, kind, name, provider, model, feature, environment, release,
    prompt_name, prompt_version, variant, service, status, error_type,
    sum(spans_1m.spans) AS spans,
    sum(spans_1m.unpriced) AS unpriced,
    sum(spans_1m.input_tokens) AS input_tokens,
    sum(spans_1m.cached_tokens) AS cached_tokens,
    sum(spans_1m.output_tokens) AS output_tokens,
    sum(spans_1m.reasoning_tokens) AS reasoning_tokens,
    sum(spans_1m.cost_nano) AS cost_nano,
    sumMap(spans_1m.latency) AS latency
FROM spans_1m
GROUP BY project_id, minute, kind, name, provider, model, feature, environment, release, prompt_name, prompt_version, variant, service, status, error_type;
