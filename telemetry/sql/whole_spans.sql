-- Whole spans of one trace, by their ids and the range in which they began, with what later log records told of them
-- (span_content) in place. Texts longer than ``cut`` bytes are cut.
WITH
    if(told_input != '', told_input, spans.input) AS whole_input,
    if(told_output != '', told_output, spans.output) AS whole_output,
    if(told_documents != '', told_documents, spans.documents) AS whole_documents,
    if(told_tool_calls != '', told_tool_calls, spans.tool_calls) AS whole_tool_calls
SELECT
    project_id, trace_id, span_id, parent_id, start_time, duration_ms, time_to_first_token_ms,
    kind, name, provider, model, response_model, response_id,
    if(told_reason != '', told_reason, toString(finish_reason)) AS reason, service_tier,
    input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_nano, cost_source,
    status, error_type, error_original, if(told_error != '', told_error, error_message) AS error_text,
    if(length(whole_input) > {cut:UInt64}, substringUTF8(whole_input, 1, {cut:UInt64}), whole_input) AS input_text,
    if(length(whole_output) > {cut:UInt64}, substringUTF8(whole_output, 1, {cut:UInt64}), whole_output) AS output_text,
    if(length(whole_documents) > {cut:UInt64}, substringUTF8(whole_documents, 1, {cut:UInt64}), whole_documents) AS documents_text,
    if(length(whole_tool_calls) > {cut:UInt64}, substringUTF8(whole_tool_calls, 1, {cut:UInt64}), whole_tool_calls) AS tool_calls_text,
    tool_name,
    embedding_count, embedding_dimensions, embedding_norm, embedding_projection,
    user_id, session_id, feature, environment, release, prompt_name, prompt_version, experiment, variant, tags,
    service, scope, dialect,
    if(length(attributes) > {cut:UInt64}, substringUTF8(attributes, 1, {cut:UInt64}), attributes) AS attributes_text,
    counted, sampled, key_id, received_at,
    lengthUTF8(whole_input) AS input_length, lengthUTF8(whole_output) AS output_length
FROM spans
LEFT JOIN (
    SELECT
        span_id AS told_of,
        argMax(input, (pieces, received_at)) AS told_input,
        argMax(output, (pieces, received_at)) AS told_output,
        argMax(documents, (pieces, received_at)) AS told_documents,
        argMax(tool_calls, (pieces, received_at)) AS told_tool_calls,
        argMax(toString(finish_reason), (pieces, received_at)) AS told_reason,
        argMax(error_message, (pieces, received_at)) AS told_error
    FROM span_content
    WHERE project_id = {project_id:UInt32} AND trace_id = {trace_id:String} AND span_id IN {span_ids:Array(String)}
    GROUP BY span_id
) AS told ON told_of = spans.span_id
WHERE project_id = {project_id:UInt32} AND trace_id = {trace_id:String} AND span_id IN {span_ids:Array(String)}
    AND start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time <= fromUnixTimestamp64Micro({end:Int64})
