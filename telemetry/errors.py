"""This is where whatever a sender calls an error becomes one of ``ERROR_TYPES``.

A table of patterns, tried in order, first over the error's own name, then its status code, then its message: a name
is chosen by a programmer to be told apart, a message is prose and may mention anything.
"""

from __future__ import annotations

import functools
import re

#: What charts group by -> words that give it away. Names are matched in snake case: ``RateLimitError`` is
#: ``rate_limit_error``. Specific before general: a context overflow is also a bad request.
NAMES: tuple[tuple[str, str], ...] = (
    ("context_length", r"context_?length|context_?window|maximum_context|max_?tokens|prompt_too_long|token_limit"),
    ("content_filter", r"content_?(?:filter|policy|management)|moderation|safety|guardrail|blocked|refus"),
    ("rate_limit", r"rate_?limit|too_many_requests|throttl|quota|resource_?exhausted|\b429\b|capacity_exceeded"),
    ("timeout", r"time_?d?_?out|deadline|\b408\b|\b504\b"),
    ("auth", r"\bauth|_auth|unauthori[sz]ed|permission|forbidden|access_denied|api_?key|credential|\b401\b|\b403\b"),
    (
        "provider_5xx",
        r"internal_?server|service_?unavailable|server_error|overloaded|bad_gateway|connection|unavailable"
        r"|internal_error|connect_error|remote_protocol|dns|\b5\d\d\b",
    ),
    ("tool_error", r"\btool|function_call|mcp"),
    ("quality", r"quality|evaluation|hallucination"),
    (
        "invalid_request",
        r"bad_?request|invalid|unprocessable|not_?found|validation|unsupported|conflict|too_large|\b4\d\d\b",
    ),
)
#: How prose gives a status code.
CODE = r"(?:code|status|http)\D{0,10}"
#: The words that prose uses for the same.
MESSAGES: tuple[tuple[str, str], ...] = (
    (
        "context_length",
        r"context[ _]length|context[ _]window|maximum context|prompt is too long|too many tokens"
        r"|exceeds? .{0,40}token",
    ),
    (
        "content_filter",
        r"content[ _](?:filter|policy|management)|flagged|safety (?:system|setting|filter)|responsible ai"
        r"|violat\w+ .{0,40}polic",
    ),
    ("rate_limit", rf"rate[ _-]?limit|too many requests|quota|throttl|{CODE}429\b"),
    ("timeout", rf"timed?[ -]?out|deadline exceeded|{CODE}(?:408|504)\b"),
    ("auth", rf"unauthori[sz]ed|api[ _]key|authenticat|permission denied|forbidden|{CODE}40[13]\b"),
    (
        "provider_5xx",
        r"internal server error|service unavailable|overloaded|bad gateway|connection (?:error|refused|reset|aborted)"
        rf"|server error|temporarily unavailable|{CODE}5\d\d\b",
    ),
    ("invalid_request", rf"bad request|invalid (?:request|value|type|model|param)|does not exist|{CODE}4\d\d\b"),
)
#: HTTP and gRPC-over-HTTP status codes; whole hundreds below.
STATUS_CODES: dict[int, str] = {
    401: "auth", 403: "auth", 407: "auth", 408: "timeout", 413: "context_length", 429: "rate_limit",
    504: "timeout", 529: "provider_5xx",
}  # fmt: skip
STATUS_CLASSES: dict[int, str] = {4: "invalid_request", 5: "provider_5xx"}

#: These say little; what the message says is told instead when it is more exact.
VAGUE = frozenset({"", "invalid_request", "provider_5xx"})
#: A failure of these kinds that is vague or unexplained is theirs: a tool's own bug is not the provider's.
KIND_ERRORS: dict[str, str] = {"tool": "tool_error"}

_NAMES = tuple((error_type, re.compile(pattern)) for error_type, pattern in NAMES)
_MESSAGES = tuple((error_type, re.compile(pattern, re.IGNORECASE)) for error_type, pattern in MESSAGES)
_HEAD = re.compile(r"\s*((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Timeout|Exhausted|Exceeded|Warning))\b")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: How much of a message is looked at: what happened stands at its head, a traceback or an echoed prompt behind it.
MESSAGE_HEAD = 500


def named_in(message: str) -> str:
    """The exception class that a message begins with, ``""`` if none: ``RateLimitError: 429 …``."""
    match = _HEAD.match(message[:MESSAGE_HEAD])
    return match[1] if match else ""


def normalise(original: str, *, message: str = "", status_code: int = 0, kind: str = "") -> str:
    """One of ``ERROR_TYPES`` for an error's own name, its message and the HTTP status that came with it."""
    return _normalise(original[:200], message[:MESSAGE_HEAD], status_code, kind)


@functools.lru_cache(maxsize=2048)
def _normalise(original: str, message: str, status_code: int, kind: str) -> str:
    guesses = (
        _by_name(original),
        STATUS_CODES.get(status_code, ""),
        _by_message(message),
        STATUS_CLASSES.get(status_code // 100, ""),
    )
    exact = next((guess for guess in guesses if guess not in VAGUE), "")
    vague = next((guess for guess in guesses if guess), "")
    return exact or KIND_ERRORS.get(kind) or vague or "other"


def _by_name(original: str) -> str:
    words = _HUMP.sub("_", original.rpartition(".")[2] or original).lower().replace("-", "_").replace(" ", "_")
    return next((error_type for error_type, pattern in _NAMES if pattern.search(words)), "")


def _by_message(message: str) -> str:
    return next((error_type for error_type, pattern in _MESSAGES if pattern.search(message)), "")
