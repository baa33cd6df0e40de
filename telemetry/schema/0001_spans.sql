-- Every span, once. Parts are cut by the day of receipt: one insert makes one part, and retention drops whole parts.
-- Ordered by time within a project, because every list is "newest first of this project"; a trace is found by its bloom filter.
CREATE TABLE spans (
    project_id UInt32,
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_id String CODEC(ZSTD(1)),
    start_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ms Float64 CODEC(ZSTD(1)),
    -- 0 is "not known".
    time_to_first_token_ms Float64 CODEC(ZSTD(1)),
    kind LowCardinality(String),
    name LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    response_model LowCardinality(String),
    response_id String CODEC(ZSTD(1)),
    finish_reason LowCardinality(String),
    service_tier LowCardinality(String),
    input_tokens UInt64 CODEC(T64, ZSTD(1)),
    cached_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_write_tokens UInt64 CODEC(T64, ZSTD(1)),
    output_tokens UInt64 CODEC(T64, ZSTD(1)),
    reasoning_tokens UInt64 CODEC(T64, ZSTD(1)),
    cost_nano UInt64 CODEC(T64, ZSTD(1)),
    cost_source LowCardinality(String),
    status LowCardinality(String),
    error_type LowCardinality(String),
    error_original LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    input String CODEC(ZSTD(1)),
    output String CODEC(ZSTD(1)),
    -- JSON list of {"id", "score", "content"}.
    documents String CODEC(ZSTD(1)),
    tool_calls String CODEC(ZSTD(1)),
    tool_name LowCardinality(String),
    embedding_count UInt32 CODEC(ZSTD(1)),
    embedding_dimensions UInt32 CODEC(ZSTD(1)),
    embedding_norm Float64 CODEC(ZSTD(1)),
    embedding_projection Array(Float32) CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    experiment LowCardinality(String),
    variant LowCardinality(String),
    tags Array(LowCardinality(String)),
    service LowCardinality(String),
    scope LowCardinality(String),
    dialect LowCardinality(String),
    -- JSON object.
    attributes String CODEC(ZSTD(1)),
    counted Bool,
    sampled Bool,
    key_id UInt32,
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- telemetry.recent.span_hash: what was stored in the last minutes is known again after a restart without reading texts.
    id_hash UInt64 CODEC(NONE),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX span_id_bloom span_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX received_at_range received_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (project_id, start_time)
SETTINGS index_granularity = 2048;
