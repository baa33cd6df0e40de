"""How a failure is written on a span."""

from __future__ import annotations

import traceback

from opentelemetry.trace import Span, Status, StatusCode

from onwatch_sdk import content

MAX_STACK_CHARACTERS = 20_000


def record(span: Span, error: BaseException) -> None:
    """Type, message and stack of the error, and the status of the span. Asks nothing of the error that may raise."""
    kind = type(error)
    name = content.unicode(kind.__qualname__)
    message = _message(error)
    span.set_attribute("error.type", name)
    if isinstance(status := _status_code(error), int):
        span.set_attribute("http.response.status_code", status)
    span.set_status(Status(StatusCode.ERROR, message or name))
    span.add_event(
        "exception",
        {
            "exception.type": name if kind.__module__ == "builtins" else f"{content.unicode(kind.__module__)}.{name}",
            "exception.message": message,
            "exception.stacktrace": _stack(error, f"{name}: {message}"),
        },
    )


def _message(error: BaseException) -> str:
    """Empty where content is not to be recorded: providers quote the prompt in their messages."""
    if not content.policy.capture:
        return ""
    try:
        return content.recorded(str(error))
    except Exception:
        return "<its message cannot be read>"


def _status_code(error: BaseException) -> object:
    try:
        return getattr(error, "status_code", None)
    except Exception:
        return None


def _stack(error: BaseException, last_line: str) -> str:
    lines = traceback.format_tb(error.__traceback__, limit=-50)
    text = f"Traceback (most recent call last):\n{''.join(lines)}{last_line}"
    return content.unicode(text[-MAX_STACK_CHARACTERS:])
