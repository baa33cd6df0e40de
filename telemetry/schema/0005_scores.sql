-- Every judgement, with what it judged beside it, so that quality groups without a join.
CREATE TABLE scores (
    project_id UInt32,
    score_id String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    name LowCardinality(String),
    value Float64 CODEC(ZSTD(1)),
    label LowCardinality(String),
    comment String CODEC(ZSTD(1)),
    source LowCardinality(String),
    evaluator LowCardinality(String),
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    model LowCardinality(String),
    feature LowCardinality(String),
    topic LowCardinality(String),
    user_id String CODEC(ZSTD(1)),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    variant LowCardinality(String),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- telemetry.recent.score_hash.
    id_hash UInt64 CODEC(NONE),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX score_id_bloom score_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (project_id, name, occurred_at)
SETTINGS index_granularity = 2048;

-- As counted_spans (0002).
CREATE TABLE counted_scores (
    project_id UInt32,
    occurred_at DateTime64(6, 'UTC'),
    name LowCardinality(String),
    source LowCardinality(String),
    value Float64,
    model LowCardinality(String),
    feature LowCardinality(String),
    topic LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    variant LowCardinality(String)
)
ENGINE = Null;

CREATE TABLE scores_1m (
    project_id UInt32,
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
    name LowCardinality(String),
    source LowCardinality(String),
    model LowCardinality(String),
    feature LowCardinality(String),
    topic LowCardinality(String),
    environment LowCardinality(String),
    release LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    variant LowCardinality(String),
    scores SimpleAggregateFunction(sum, UInt64),
    total SimpleAggregateFunction(sum, Float64),
    squares SimpleAggregateFunction(sum, Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (project_id, minute, name, source, model, feature, topic, environment, release, prompt_name, prompt_version, variant);

CREATE MATERIALIZED VIEW scores_1m_mv TO scores_1m AS
SELECT
    project_id, toStartOfMinute(occurred_at) AS minute, name, source, model, feature, topic, environment, release,
    prompt_name, prompt_version, variant,
    count() AS scores,
    sum(value) AS total,
    sum(value * value) AS squares
FROM counted_scores
GROUP BY project_id, minute, name, source, model, feature, topic, environment, release, prompt_name, prompt_version, variant;

CREATE TABLE scores_1h AS scores_1m
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (project_id, minute, name, source, model, feature, topic, environment, release, prompt_name, prompt_version, variant);

CREATE MATERIALIZED VIEW scores_1h_mv TO scores_1h AS
SELECT
    project_id, toStartOfHour(scores_1m.minute) AS minute, name, source, model, feature, topic, environment, release,
    prompt_name, prompt_version, variant,
    sum(scores_1m.scores) AS scores,
    sum(scores_1m.total) AS total,
    sum(scores_1m.squares) AS squares
FROM scores_1m
GROUP BY project_id, minute, name, source, model, feature, topic, environment, release, prompt_name, prompt_version, variant;
