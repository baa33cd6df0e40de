-- Whole spans of one trace, /*which*/ of it. Texts are cut to ``cut`` characters. PREWHERE is given, because finding out
-- by itself what belongs there is a quarter of what the engine spends on a question for sixty columns.
SELECT
    project_id, trace_id, span_id, parent_id, start_time, duration_ms, time_to_first_token_ms,
    kind, name, provider, model, response_model, response_id, finish_reason, service_tier,
    input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nano, cost_source,
    status, error_type, error_original, error_message,
    leftUTF8(input, {cut:UInt64}) AS input_text,
    leftUTF8(output, {cut:UInt64}) AS output_text,
    leftUTF8(documents, {cut:UInt64}) AS documents_text,
    leftUTF8(tool_calls, {cut:UInt64}) AS tool_calls_text,
    tool_name,
    embedding_count, embedding_dimensions, embedding_norm, embedding_projection,
    user_id, session_id, feature, environment, release, prompt_name, prompt_version, experiment, variant, tags,
    service, scope, dialect, client,
    leftUTF8(attributes, {cut:UInt64}) AS attributes_text,
    counted, sampled, key_id, received_at,
    lengthUTF8(input) AS input_length, lengthUTF8(output) AS output_length
FROM spans
PREWHERE project_id = {project_id:UInt32} AND trace_id = {trace_id:String} AND /*which*/
