"""docs/senders.md, from what each sender's program changes and what was seen to arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.clients.senders import Sender

Spans = Sequence[Mapping[str, Any]]

#: Column of the first table -> the fields that make a "yes" when a counted span has one of them.
COLUMNS = {
    "content": ("input", "output"),
    "tokens": ("input_tokens", "output_tokens"),
    "cached": ("cached_tokens",),
    "cache write": ("cache_write_tokens",),
    "reasoning": ("reasoning_tokens",),
    "cost": ("cost_usd",),
    "first token": ("time_to_first_token_ms",),
    "tool calls": ("tool_calls",),
    "documents": ("documents",),
    "user": ("user_id",),
    "session": ("session_id",),
    "prompt": ("prompt_name", "prompt_version"),
    "error": ("error_type",),
    "tree": ("parent_id",),
}
#: On every span, or of no interest to who sends it; scores, because our own evaluators give some to a random sample.
UNTOLD = frozenset(
    {
        "project_id", "trace_id", "span_id", "start_time", "duration_ms", "kind", "name", "status", "cost_source",
        "service", "scope", "dialect", "attributes", "counted", "sampled", "key_id", "received_at",
        "embedding_projection", "scores",
    }
)  # fmt: skip
#: What stands on the page for the values that a test fills in.
PLACES = {
    "url": "http://HOST:8000",
    "grpc": "http://HOST:4317",
    "key": "KEY",
    "collector_grpc": "localhost:4317",
    "collector_http": "localhost:4318",
    "folder": "/var/log/shop",
}
ORDER = ("chain", "agent", "llm", "embedding", "retrieval", "rerank", "tool", "guardrail", "evaluator", "other")

HEAD = """# Senders

Every client on this page runs, as published, in the tests of this repository, with the lines shown here and no others.
`HOST` is where the console is, `KEY` a key of the project. What arrives was read back through the REST API.
`make test-clients` makes this page and fails when it differs. What holds for all of them (ports, keys, answers) is in
[Sending telemetry](sending.md).

## What arrives

A dash: it was not sent. Most clients of a dash have no place for it; OpenTelemetry's own SDKs send what is written by
hand. The cost is ours where a price is known, unless the sender reports one.
"""


def made(outcomes: Sequence[tuple[Sender, Spans]]) -> str:
    return "\n".join([HEAD, _overview(outcomes), *(_section(sender, spans) for sender, spans in outcomes)])


def _overview(outcomes: Sequence[tuple[Sender, Spans]]) -> str:
    lines = ["| sender | " + " | ".join(COLUMNS) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    for sender, spans in outcomes:
        had = {name for span in spans if span["counted"] for name, value in span.items() if _is_told(value)}
        answers = ("yes" if had & set(fields) else "–" for fields in COLUMNS.values())
        lines.append(f"| [{sender.title}](#{_anchor(sender.title)}) | " + " | ".join(answers) + " |")
    return "\n".join(lines) + "\n"


def _section(sender: Sender, spans: Spans) -> str:
    versions = ", ".join(f"`{package}` {version}" for package, version in sender.versions().items())
    language = "js" if sender.program.endswith("mjs") else "python"
    blocks = [
        f"## {sender.title}",
        f"With {versions}. {sender.about()}",
        _fenced("sh", _settings(sender)),
        _fenced("yaml", sender.configured(**PLACES).strip() if sender.configuration else ""),
        _fenced(language, sender.added_lines()),
        _arrived(spans),
    ]
    return "\n\n".join(block for block in blocks if block)


def _fenced(language: str, lines: str) -> str:
    return f"```{language}\n{lines}\n```" if lines else ""


def _settings(sender: Sender) -> str:
    lines = [f"export {name}={value}" for name, value in sender.pointed(**PLACES).items()]
    if sender.options:
        lines.append(f"# {sender.options_say}")
        lines += [f"export {name}={value}" for name, value in sender.optional(**PLACES).items()]
    return "\n".join(lines)


def _arrived(spans: Spans) -> str:
    lines = ["| kind | spans | fields |", "| --- | --- | --- |"]
    for kind in ORDER:
        of_kind = [span for span in spans if span["kind"] == kind]
        if of_kind:
            lines.append(f"| {kind} | {len(of_kind)} | {_fields(of_kind)} |")
    return "\n".join(lines) + "\n"


def _fields(spans: Spans) -> str:
    told = [name for name in spans[0] if name not in UNTOLD and any(_is_told(span[name]) for span in spans)]
    return ", ".join(f"`{name}`" for name in told) or "–"


def _is_told(value: Any) -> bool:
    return value not in (None, "", 0, [], {}, False)


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")
