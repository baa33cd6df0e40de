-- What log records told of spans (telemetry/logs/pieces.py): each piece waits here until its span is there. Kept a little
-- longer than anything may wait, see telemetry.logs.pieces.WAITS.
CREATE TABLE log_pieces (
    project_id UInt32,
    -- What it is waiting for: telemetry.recent.span_hash, or response_hash where the record knew no span.
    waits_for UInt64 CODEC(NONE),
    occurred_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    -- JSON of a LogJoin.
    piece String CODEC(ZSTD(1)),
    has_scores Bool,
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- The hash of what it says, so that a piece that is sent again is known.
    id_hash UInt64 CODEC(NONE)
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (waits_for, id_hash)
TTL toDateTime(received_at) + INTERVAL 3 DAY;

-- The pieces that wait no more.
CREATE TABLE joined_pieces (
    id_hash UInt64 CODEC(NONE),
    received_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY id_hash
TTL toDateTime(received_at) + INTERVAL 4 DAY;

-- What stored spans gained from records that came after them. An empty text adds nothing; of a span's rows that
-- made from most pieces holds, the newest of equals. Whoever reads texts of spans lays these over them (telemetry/logs/told.py).
CREATE TABLE span_content (
    project_id UInt32,
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    start_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    input String CODEC(ZSTD(1)),
    output String CODEC(ZSTD(1)),
    documents String CODEC(ZSTD(1)),
    tool_calls String CODEC(ZSTD(1)),
    finish_reason LowCardinality(String),
    error_message String CODEC(ZSTD(1)),
    sampled Bool,
    -- How many pieces it was made from.
    pieces UInt32,
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- telemetry.recent.span_hash.
    id_hash UInt64 CODEC(NONE),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (project_id, start_time)
SETTINGS index_granularity = 2048;
