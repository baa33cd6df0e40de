-- Whole spans of one trace, by their ids and the range in which they began. Texts longer than ``cut`` bytes are cut.
SELECT
    project_id, trace_id, span_id, parent_id, start_time, duration_ms, time_to_first_token_ms,
    kind, name, provider, model, response_model, response_id, finish_reason, service_tier,
    input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nano, cost_source,
    status, error_type, error_original, error_message,
    if(length(input) > {cut:UInt64}, substringUTF8(input, 1, {cut:UInt64}), input) AS input_text,
    if(length(output) > {cut:UInt64}, substringUTF8(output, 1, {cut:UInt64}), output) AS output_text,
    if(length(documents) > {cut:UInt64}, substringUTF8(documents, 1, {cut:UInt64}), documents) AS documents_text,
    if(length(tool_calls) > {cut:UInt64}, substringUTF8(tool_calls, 1, {cut:UInt64}), tool_calls) AS tool_calls_text,
    tool_name,
    embedding_count, embedding_dimensions, embedding_norm, embedding_projection,
    user_id, session_id, feature, environment, release, prompt_name, prompt_version, experiment, variant, tags,
    service, scope, dialect, client,
    if(length(attributes) > {cut:UInt64}, substringUTF8(attributes, 1, {cut:UInt64}), attributes) AS attributes_text,
    counted, sampled, key_id, received_at,
    lengthUTF8(input) AS input_length, lengthUTF8(output) AS output_length
FROM spans
WHERE project_id = {project_id:UInt32} AND trace_id = {trace_id:String} AND span_id IN {span_ids:Array(String)}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time <= fromUnixTimestamp64Micro({end:Int64})
