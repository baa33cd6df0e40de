-- What the page of senders is made of: sums by minute and notes by hour, written by telemetry.senders.tally once in a while.
ALTER TABLE spans ADD COLUMN client LowCardinality(String) AFTER dialect;

-- Requests by who sent them and what they carried. Project 0 holds what came with a key that nobody knows.
CREATE TABLE sender_receipts (
    project_id UInt32,
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
    key_id UInt32,
    client String CODEC(ZSTD(1)),
    signal LowCardinality(String),
    requests SimpleAggregateFunction(sum, UInt64),
    -- Spans, points, records, runs or scores that were taken.
    items SimpleAggregateFunction(sum, UInt64),
    refused SimpleAggregateFunction(sum, UInt64),
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, minute, key_id, client, signal)
TTL minute + INTERVAL 3 DAY;

-- Spans that were stored, by what made them.
CREATE TABLE sender_sources (
    project_id UInt32,
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)),
    key_id UInt32,
    client String CODEC(ZSTD(1)),
    service String CODEC(ZSTD(1)),
    scope String CODEC(ZSTD(1)),
    dialect LowCardinality(String),
    spans SimpleAggregateFunction(sum, UInt64),
    calls SimpleAggregateFunction(sum, UInt64),
    unpriced SimpleAggregateFunction(sum, UInt64),
    -- Calls that did not fail and say nothing of their tokens, their model, what was asked and answered.
    tokenless SimpleAggregateFunction(sum, UInt64),
    modelless SimpleAggregateFunction(sum, UInt64),
    textless SimpleAggregateFunction(sum, UInt64),
    errors SimpleAggregateFunction(sum, UInt64),
    -- Of no known kind.
    unrecognised SimpleAggregateFunction(sum, UInt64),
    -- Spans whose attributes were looked at for names that nobody understood.
    inspected SimpleAggregateFunction(sum, UInt64),
    -- How many inserts the lags are of; seconds from the end of the span of an insert that began last to its receipt.
    batches SimpleAggregateFunction(sum, UInt64),
    lag_min SimpleAggregateFunction(min, Float64),
    lag_max SimpleAggregateFunction(max, Float64),
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, minute, key_id, client, service, scope, dialect)
TTL minute + INTERVAL 3 DAY;

-- What was not understood: one row a sender, kind and subject, with one example.
CREATE TABLE sender_notes (
    project_id UInt32,
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    -- refused | attribute | unpriced
    kind LowCardinality(String),
    key_id UInt32,
    client String CODEC(ZSTD(1)),
    -- The signal that was refused, the service whose attribute it is, the provider of the model.
    about String CODEC(ZSTD(1)),
    -- The reason, the name of the attribute, the model.
    subject String CODEC(ZSTD(1)),
    times SimpleAggregateFunction(sum, UInt64),
    example SimpleAggregateFunction(anyLast, String),
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, hour, kind, key_id, client, about, subject)
TTL hour + INTERVAL 3 DAY;
