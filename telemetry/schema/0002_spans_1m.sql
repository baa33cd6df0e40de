-- What the roll-ups need of each span that counts. Holds nothing: it hands on what is inserted to the views behind it.
-- Each view costs as much time at a small insert as storing the spans does, so the embedded engine copies many inserts
-- at once into this table (telemetry.rollups); with a server, a view of spans feeds it (sql/feed_counted_spans.sql).
CREATE TABLE counted_spans (
    project_id UInt32,
    start_time DateTime64(6, 'UTC'),
    duration_ms Float64,
    kind LowCardinality(String),
    name LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    input_tokens UInt64,
    cached_tokens UInt64,
    output_tokens UInt64,
    reasoning_tokens UInt64,
    cost_nano UInt64,
    cost_source LowCardinality(String),
    status LowCardinality(String),
    error_type LowCardinality(String),
    user_id String,
    feature LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    variant LowCardinality(String),
    service LowCardinality(String)
)
ENGINE = Null;

-- Spans by minute. Everything that a page filters or groups by is a key here, except the user (spend_15m has it).
-- The latency bucket is telemetry.window.latency_bucket in SQL: 1 % wide, from 0.1 ms.
CREATE TABLE spans_1m (
    project_id UInt32,
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String),
    name LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    feature LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    variant LowCardinality(String),
    service LowCardinality(String),
    status LowCardinality(String),
    error_type LowCardinality(String),
    spans SimpleAggregateFunction(sum, UInt64),
    unpriced SimpleAggregateFunction(sum, UInt64),
    input_tokens SimpleAggregateFunction(sum, UInt64),
    cached_tokens SimpleAggregateFunction(sum, UInt64),
    output_tokens SimpleAggregateFunction(sum, UInt64),
    reasoning_tokens SimpleAggregateFunction(sum, UInt64),
    cost_nano SimpleAggregateFunction(sum, UInt64),
    latency SimpleAggregateFunction(sumMap, Map(UInt16, UInt64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (project_id, minute, kind, name, provider, model, feature, environment, release, prompt_name, prompt_version, variant, service, status, error_type);

CREATE MATERIALIZED VIEW spans_1m_mv TO spans_1m AS
SELECT
    project_id, toStartOfMinute(start_time) AS minute, kind, name, provider, model, feature, environment, release,
    prompt_name, prompt_version, variant, service, status, error_type,
    count() AS spans,
    countIf(kind IN ('llm', 'embedding') AND cost_source = '') AS unpriced,
    sum(counted_spans.input_tokens) AS input_tokens,
    sum(counted_spans.cached_tokens) AS cached_tokens,
    sum(counted_spans.output_tokens) AS output_tokens,
    sum(counted_spans.reasoning_tokens) AS reasoning_tokens,
    sum(counted_spans.cost_nano) AS cost_nano,
    sumMap(map(toUInt16(if(duration_ms <= 0.1, 0, ceil(log(duration_ms / 0.1) / log(1.02)))), toUInt64(1))) AS latency
FROM counted_spans
GROUP BY project_id, minute, kind, name, provider, model, feature, environment, release, prompt_name, prompt_version, variant, service, status, error_type;
