-- With a ClickHouse server: every insert goes to the roll-ups at once, whichever process made it.
CREATE MATERIALIZED VIEW IF NOT EXISTS counted_scores_mv TO counted_scores AS
SELECT
    project_id, occurred_at, name, source, value, model, feature, topic, environment, release, prompt_name, prompt_version,
    variant
FROM scores
