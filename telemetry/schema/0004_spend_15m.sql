-- Spend by user, feature and model. A quarter of an hour is the smallest step at which a day begins in any time zone.
CREATE TABLE spend_15m (
    project_id UInt32,
    slot DateTime('UTC') CODEC(Delta, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    model LowCardinality(String),
    calls SimpleAggregateFunction(sum, UInt64),
    unpriced SimpleAggregateFunction(sum, UInt64),
    input_tokens SimpleAggregateFunction(sum, UInt64),
    output_tokens SimpleAggregateFunction(sum, UInt64),
    cost_nano SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(slot)
ORDER BY (project_id, slot, feature, model, user_id);

CREATE MATERIALIZED VIEW spend_15m_mv TO spend_15m AS
SELECT
    project_id, toStartOfFifteenMinutes(start_time) AS slot, user_id, feature, model,
    count() AS calls,
    countIf(cost_source = '') AS unpriced,
    sum(counted_spans.input_tokens) AS input_tokens,
    sum(counted_spans.output_tokens) AS output_tokens,
    sum(counted_spans.cost_nano) AS cost_nano
FROM counted_spans
WHERE kind IN ('llm', 'embedding')
GROUP BY project_id, slot, user_id, feature, model;
