"""Whatever senders call an error becomes one of a few words."""

import pytest

from telemetry.errors import named_in, normalise
from telemetry.span import ERROR_TYPES


@pytest.mark.parametrize(
    ("original", "message", "status_code", "expected"),
    [
        ("RateLimitError", "", 0, "rate_limit"),
        ("openai.RateLimitError", "Error code: 429 - rate limited", 0, "rate_limit"),
        ("429", "", 0, "rate_limit"),
        ("ThrottlingException", "", 0, "rate_limit"),
        ("ResourceExhausted", "", 0, "rate_limit"),
        ("insufficient_quota", "", 0, "rate_limit"),
        ("", "", 429, "rate_limit"),
        ("Exception", "You exceeded your current quota", 0, "rate_limit"),
        ("APITimeoutError", "Request timed out.", 0, "timeout"),
        ("TimeoutError", "provider timeout", 0, "timeout"),
        ("asyncio.exceptions.TimeoutError", "", 0, "timeout"),
        ("httpx.ReadTimeout", "", 0, "timeout"),
        ("DeadlineExceeded", "", 0, "timeout"),
        ("", "", 504, "timeout"),
        ("AuthenticationError", "Incorrect API key provided", 0, "auth"),
        ("PermissionDeniedError", "", 0, "auth"),
        ("", "", 401, "auth"),
        ("", "", 403, "auth"),
        ("401", "", 0, "auth"),
        ("context_length_exceeded", "", 0, "context_length"),
        ("BadRequestError", "This model's maximum context length is 8192 tokens", 400, "context_length"),
        ("litellm.ContextWindowExceededError", "", 0, "context_length"),
        ("InvalidRequestError", "prompt is too long: 210000 tokens > 200000", 0, "context_length"),
        ("content_filter", "", 0, "content_filter"),
        (
            "BadRequestError",
            "The response was filtered due to Azure's content management policy",
            400,
            "content_filter",
        ),
        ("ContentPolicyViolationError", "", 0, "content_filter"),
        ("InternalServerError", "", 0, "provider_5xx"),
        ("APIConnectionError", "Connection error.", 0, "provider_5xx"),
        ("ServiceUnavailableError", "", 503, "provider_5xx"),
        ("OverloadedError", "", 529, "provider_5xx"),
        ("APIStatusError", "", 502, "provider_5xx"),
        ("500", "", 0, "provider_5xx"),
        ("", "upstream connect error: connection refused", 0, "provider_5xx"),
        ("BadRequestError", "", 400, "invalid_request"),
        ("NotFoundError", "", 404, "invalid_request"),
        ("UnprocessableEntityError", "", 0, "invalid_request"),
        ("ValidationError", "", 0, "invalid_request"),
        ("ToolException", "", 0, "tool_error"),
        ("ValueError", "no", 0, "other"),
        ("", "", 0, "other"),
        ("_OTHER", "boom", 0, "other"),
    ],
)
def test_it_knows_the_usual_names(original, message, status_code, expected):
    assert normalise(original, message=message, status_code=status_code, kind="llm") == expected
    assert expected in ERROR_TYPES


@pytest.mark.parametrize(
    ("original", "message", "expected"),
    [
        ("ValueError", "no", "tool_error"),
        ("", "", "tool_error"),
        ("ConnectionError", "connection refused", "tool_error"),
        ("TimeoutError", "", "timeout"),
        ("RateLimitError", "", "rate_limit"),
    ],
)
def test_what_a_tool_does_not_explain_is_its_own_error(original, message, expected):
    assert normalise(original, message=message, kind="tool") == expected


def test_only_the_head_of_a_message_is_believed():
    assert normalise("", message="failed " + "x" * 600 + " rate limit") == "other"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("RateLimitError: Error code: 429", "RateLimitError"),
        ("litellm.RateLimitError: RateLimitError: slow", "litellm.RateLimitError"),
        ("ValueError('tool broke')", "ValueError"),
        ("provider timeout", ""),
        ("The Error is near", ""),
        ("", ""),
    ],
)
def test_the_head_of_a_message_names_the_exception(message, name):
    assert named_in(message) == name
