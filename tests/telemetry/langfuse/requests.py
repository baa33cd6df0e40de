"""Langfuse's clients, by the requests that they send to the receivers' own application."""

import asyncio
import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from telemetry.langfuse import observations
from telemetry.receive.app import IngestApp, handles
from tests.telemetry.ingest.ask import ask

START = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


def call(method: str, path: str, content: Any = b"", *, key: str = "", **headers: str) -> Answer:
    """One request; ``content`` is bytes or what becomes JSON. The key is the secret half of Basic, as they send it."""
    assert handles(path)
    sent: list[dict] = []
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    if key:
        headers["authorization"] = "Basic " + base64.b64encode(f"pk-lf-test:{key}".encode()).decode()
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(IngestApp()(scope, receive, send))
    fields = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert fields["content-type"] == "application/json"
    return Answer(sent[0]["status"], fields, orjson.loads(sent[1]["body"]))


def event(kind: str, seconds: float = 0, **body: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "type": kind, "timestamp": at(seconds), "body": body}


def ingest(key: str, *events: dict[str, Any]) -> Answer:
    """Send events in one batch; each must have a verdict."""
    metadata = {"sdk_name": "python", "sdk_version": "2.60.10", "public_key": "pk-lf-test"}
    answer = call("POST", "/api/public/ingestion", {"batch": events, "metadata": metadata}, key=key)
    if answer.status == 207:
        assert len(answer.body["successes"]) + len(answer.body["errors"]) == len(events)
    return answer


def tend() -> None:
    """What the jobs do every two seconds."""
    observations.store_due()
    observations.correct_due()


class Stored(NamedTuple):
    span_id: str
    parent_id: str
    kind: str
    name: str
    status: str
    error_type: str
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_nano: int
    user_id: str
    session_id: str
    feature: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    input: str
    output: str
    duration_ms: float
    time_to_first_token_ms: float
    tags: list[str]
    attributes: str
    scope: str
    dialect: str


def stored(trace_id: str) -> dict[str, Stored]:
    """The spans of a trace by their ids; each must be there once."""
    columns = ", ".join(Stored._fields)
    rows = [Stored(*row) for row in ask(f"SELECT {columns} FROM spans WHERE trace_id = {{t:String}}", t=trace_id)]
    assert len({row.span_id for row in rows}) == len(rows)
    return {row.span_id: row for row in rows}


class StoredScore(NamedTuple):
    score_id: str
    trace_id: str
    span_id: str
    name: str
    value: float
    label: str
    comment: str
    source: str
    model: str
    user_id: str
    environment: str


def scores() -> dict[str, StoredScore]:
    """Every stored score by its id; each must be there once."""
    rows = [StoredScore(*row) for row in ask(f"SELECT {', '.join(StoredScore._fields)} FROM scores")]
    assert len({row.score_id for row in rows}) == len(rows)
    return {row.score_id: row for row in rows}
