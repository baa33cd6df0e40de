"""The names of models that are answered with an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Refusal:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def _error(status: int, message: str, kind: str, code: str) -> Refusal:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    # Clients would otherwise try again for seconds.
    return Refusal(status, body, {"x-should-retry": "false"})


#: Model -> what is said.
REFUSED = {
    "fail-model": _error(429, "Rate limit reached for requests", "rate_limit_error", "rate_limit_exceeded"),
    "long-model": _error(
        400, "This model's maximum context length is 128 tokens.", "invalid_request_error", "context_length_exceeded"
    ),
}


def refusal(body: dict[str, Any]) -> Refusal | None:
    return REFUSED.get(body.get("model", ""))
