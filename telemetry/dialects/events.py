"""What span events say about their span."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from telemetry.dialects import scores
from telemetry.dialects.documents import from_list
from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Part
from telemetry.dialects.values import plain, text

#: The folders in a traceback tell of the sender's machine and users, the file's name is enough to find the line.
_FOLDERS = re.compile(r'(File ")[^"\n]*[/\\]([^"\n/\\]+")')
MAX_STACKTRACE = 20_000


def without_folders(stacktrace: str) -> str:
    return _FOLDERS.sub(r"\1\2", stacktrace[:MAX_STACKTRACE])


def exception(draft: Draft, event: Any, rank: int) -> None:
    attributes = event.attributes
    for name in ("type", "message"):
        if f"exception.{name}" in attributes:
            draft.offer(f"exception_{name}", text(attributes[f"exception.{name}"]), rank)
    if "exception.stacktrace" in attributes:
        draft.rest.setdefault("exception.stacktrace", without_folders(text(attributes["exception.stacktrace"])))


def first_token(draft: Draft, event: Any, rank: int) -> None:
    """The event's time is when the first token came; of many such events the first counts."""
    draft.offer("time_to_first_token_ms", draft.ms_since_start(event.time_unix_nano), rank)


def evaluation(draft: Draft, event: Any, rank: int) -> None:
    values = {key: plain(event.attributes[key]) for key in event.attributes}
    scores.add(draft, evaluation_facts(values))


def evaluation_facts(values: dict[str, Any]) -> dict[str, Any]:
    """The words of ``gen_ai.evaluation.result``, on a span event or a log record."""
    return {
        "name": values.get("gen_ai.evaluation.name"),
        "value": values.get("gen_ai.evaluation.score.value"),
        "label": values.get("gen_ai.evaluation.score.label"),
        "comment": values.get("gen_ai.evaluation.explanation"),
    }


def operation_details(draft: Draft, event: Any, rank: int) -> None:
    """The event repeats the span's attributes, with messages that the span may lack."""
    draft.heard.more.append(event.attributes)


def attribute(name: str, field: str) -> Callable[[Draft, Any, int], None]:
    """The text is one attribute of the event."""

    def take(draft: Draft, event: Any, rank: int) -> None:
        if name in event.attributes:
            draft.offer(field, text(event.attributes[name]), rank)

    return take


def feature_flag(draft: Draft, event: Any, rank: int) -> None:
    """The variant that an experiment chose for this request."""
    attribute("feature_flag.key", "experiment")(draft, event, rank)
    attribute("feature_flag.variant", "variant")(draft, event, rank)
    attribute("feature_flag.result.variant", "variant")(draft, event, rank)


def query_result(draft: Draft, event: Any, rank: int) -> None:
    """One retrieved document of a vector store's answer."""
    facts = {key.rpartition(".")[2]: plain(event.attributes[key]) for key in event.attributes}
    draft.heard.retrieved += from_list([facts]) or []


def stack_trace(parts: list[Part], draft: Draft, rank: int) -> None:
    draft.rest["exception.stacktrace"] = without_folders(text(parts[0].raw))
