-- What a series of points is: its metric and everything that tells it from others, once. Written again once a day while
-- points come, so that retention keeps what is in use.
CREATE TABLE metric_series (
    project_id UInt32,
    name LowCardinality(String),
    -- The beginning of telemetry.dialects.otlp_metrics' identity of a series.
    series UInt64,
    unit LowCardinality(String),
    kind LowCardinality(String),
    temporality LowCardinality(String),
    monotonic Bool,
    service LowCardinality(String),
    scope LowCardinality(String),
    -- Those of the point, and of its sender behind resource.
    attributes Map(LowCardinality(String), String),
    received_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY (project_id, name, series);

-- Every point, once.
CREATE TABLE metric_points (
    project_id UInt32,
    series UInt64,
    time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    -- Since when a cumulative point counts; 1970 where nobody said, and for all others.
    start_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    cumulative Bool,
    value Float64 CODEC(Gorilla, ZSTD(1)),
    count UInt64 CODEC(T64, ZSTD(1)),
    -- NaN is "not known".
    minimum Float64 CODEC(ZSTD(1)),
    maximum Float64 CODEC(ZSTD(1)),
    bounds Array(Float64) CODEC(ZSTD(1)),
    buckets Array(UInt64) CODEC(ZSTD(1)),
    -- Of summaries: quantiles and their values.
    quantiles Array(Float64) CODEC(ZSTD(1)),
    quantile_values Array(Float64) CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- Series, start and time.
    id_hash UInt64 CODEC(NONE),
    INDEX received_at_range received_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (project_id, series, time);

-- Points by five minutes, made again from metric_points whenever some of a slot arrive (telemetry/metrics/rollups.py), so
-- that doing it twice changes nothing. Of cumulative points the last counts, of others their sum.
CREATE TABLE metric_points_5m (
    project_id UInt32,
    series UInt64,
    slot DateTime('UTC') CODEC(Delta, ZSTD(1)),
    start_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    cumulative Bool,
    -- Buckets with other bounds cannot be added.
    bounds_hash UInt64 CODEC(ZSTD(1)),
    points UInt64 CODEC(T64, ZSTD(1)),
    last_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    last Float64 CODEC(ZSTD(1)),
    total Float64 CODEC(ZSTD(1)),
    low Float64 CODEC(ZSTD(1)),
    high Float64 CODEC(ZSTD(1)),
    count UInt64 CODEC(T64, ZSTD(1)),
    minimum Float64 CODEC(ZSTD(1)),
    maximum Float64 CODEC(ZSTD(1)),
    bounds Array(Float64) CODEC(ZSTD(1)),
    buckets Array(UInt64) CODEC(ZSTD(1)),
    quantiles Array(Float64) CODEC(ZSTD(1)),
    quantile_values Array(Float64) CODEC(ZSTD(1)),
    -- Up to which moment of receipt, in milliseconds, points are in it.
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(slot)
ORDER BY (project_id, series, slot, start_time, bounds_hash);

-- The same by hour: ranges longer than two and a half days read this one.
CREATE TABLE metric_points_1h AS metric_points_5m
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(slot)
ORDER BY (project_id, series, slot, start_time, bounds_hash);
