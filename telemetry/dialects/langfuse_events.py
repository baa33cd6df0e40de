"""Langfuse's ingestion events: partial bodies, each about one trace or observation, that later ones patch by its id.

Majors 2 of its SDKs send everything so, majors 3 and 4 their scores. What is known of one trace or observation is kept
as its events by their ids, so it makes no difference in which order they come, or how often. When it is whole, it is
put into the words of ``langfuse.py``, whose table makes the span. Pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from core.timerange import in_utc
from telemetry import lenient_json, times
from telemetry.dialects.decoded import BadBody, BadItem
from telemetry.dialects.values import MAX_JSON_DEPTH, json_text

MAX_ID = 256
#: Events of one batch; the clients send fifteen.
MAX_EVENTS = 5_000
#: What lies around a body.
ENVELOPE_DEPTH = 4
#: Events kept apart for one trace or observation; older ones are folded into one.
MAX_KEPT = 50
#: A clock that is wrong by more than this is not believed.
AHEAD = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TRACE, OBSERVATION = "trace", "observation"
EVENT = "event"
#: First halves of the types of events about observations: the kinds of observation that there are.
KINDS = frozenset({
    "span", "generation", EVENT, "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail",
})  # fmt: skip
_TYPE = re.compile(rf"({'|'.join(sorted({*KINDS, OBSERVATION}))})-(create|update)")
TRACE_CREATE, SCORE_CREATE, SDK_LOG = "trace-create", "score-create", "sdk-log"

TIMES = ("timestamp", "startTime", "endTime", "completionStartTime")
#: Some callers hand on keys as Python spells them.
CAMEL = {
    "end_time": "endTime", "start_time": "startTime", "completion_start_time": "completionStartTime",
    "status_message": "statusMessage", "model_parameters": "modelParameters", "usage_details": "usageDetails",
    "cost_details": "costDetails", "user_id": "userId", "session_id": "sessionId",
    "parent_observation_id": "parentObservationId", "trace_id": "traceId", "prompt_name": "promptName",
    "prompt_version": "promptVersion",
}  # fmt: skip

Body = dict[str, Any]


class Piece(NamedTuple):
    """One event about a trace or an observation."""

    subject: str
    id: str
    #: Empty where the body does not name it.
    trace_id: str
    event_id: str
    #: When the sender made it, in microseconds since 1970.
    at: int
    kind: str
    body: Body
    #: The sender's name and version.
    scope: str


@dataclass(slots=True)
class Batch:
    """The events of one request. Their ids stand in exactly one of ``good``, ``bad`` and ``scores``."""

    pieces: list[Piece] = field(default_factory=list)
    good: list[str] = field(default_factory=list)
    bad: list[tuple[str, BadItem]] = field(default_factory=list)
    #: Event id and body of scores, to be read by ``langfuse_scores``.
    scores: list[tuple[str, Any]] = field(default_factory=list)


def load(body: bytes) -> Any:  # noqa: ANN401
    """The JSON of a body. Python's own writer leaves NaN and halves of characters in it; both are repaired."""
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            loaded = json.loads(body.decode("utf-8", "replace"), parse_constant=str, parse_int=_number)
        except (ValueError, RecursionError):
            raise BadBody(f"body: is no JSON ({error})") from None
        return _cleaned(loaded, MAX_JSON_DEPTH + ENVELOPE_DEPTH)
    # Databases have no place for this character.
    return _cleaned(loaded, MAX_JSON_DEPTH + ENVELOPE_DEPTH) if b"\\u0000" in body else loaded


def _number(digits: str) -> float:
    """Whole numbers longer than databases have room for lose their last digits."""
    return int(digits) if len(digits) < 19 else float(digits)


def _cleaned(value: Any, depth: int) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if depth == 0:
        # Refused as too deep where it is looked at; cleaning need go no further.
        return value
    if isinstance(value, dict):
        return {_cleaned(key, depth): _cleaned(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner, depth - 1) for inner in value]
    return value


def read(body: bytes) -> Batch:
    """The events of an ingestion request, good and bad. Raises BadBody when it is none."""
    loaded = load(body)
    events = loaded.get("batch") if isinstance(loaded, dict) else None
    if not isinstance(events, list):
        raise BadBody("batch: must be a list of events")
    if len(events) > MAX_EVENTS:
        raise BadBody(f"batch: more than {MAX_EVENTS} events; send fewer at once")
    batch, scope = Batch(), _scope(loaded.get("metadata"))
    for place, event in enumerate(events):
        identity = str(event.get("id") or "") if isinstance(event, Mapping) else ""
        try:
            _sort(event, identity, scope, batch)
        except BadItem as bad:
            batch.bad.append((identity or f"batch[{place}]", bad))
    return batch


def _scope(metadata: Any) -> str:  # noqa: ANN401
    version = metadata.get("sdk_version") if isinstance(metadata, Mapping) else None
    return f"langfuse-sdk/{str(version)[:80]}" if version else "langfuse-sdk"


def _sort(event: Any, identity: str, scope: str, batch: Batch) -> None:  # noqa: ANN401
    if not isinstance(event, Mapping):
        raise BadItem("must be an object")
    if not identity or len(identity) > MAX_ID:
        raise BadItem(f"must be a text of 1 to {MAX_ID} characters", field="id")
    kind, body = event.get("type"), event.get("body")
    if not isinstance(body, Mapping):
        raise BadItem("must be an object", field="body")
    if lenient_json.is_deeper(body, MAX_JSON_DEPTH):
        raise BadItem(f"is nested deeper than {MAX_JSON_DEPTH} levels", field="body")
    match = _TYPE.fullmatch(kind) if isinstance(kind, str) else None
    if kind == SCORE_CREATE:
        batch.scores.append((identity, body))
        return
    if match or kind == TRACE_CREATE:
        batch.pieces.append(_piece(event, identity, match, body, scope))
    elif kind != SDK_LOG:
        raise BadItem(f"{str(kind)[:60]!r} is no type of event that is known here", field="type")
    batch.good.append(identity)


def _piece(event: Mapping[str, Any], identity: str, match: re.Match[str] | None, body: Body, scope: str) -> Piece:
    body = {CAMEL.get(key, key): value for key, value in body.items() if value is not None}
    for name in TIMES:
        if name in body:
            when = moment(body.pop(name), field=f"body.{name}")
            if when and (wrong := times.wrong(when)):
                raise BadItem(wrong, field=f"body.{name}")
            body |= {name: when.isoformat()} if when else {}
    own_id = given_text(body, "id", place="body.")
    if not own_id:
        if match and match[2] == "update":
            raise BadItem("is missing", field="body.id")
        own_id = identity
    at = moment(event.get("timestamp"), field="timestamp") or datetime.now(UTC)
    kind = TRACE if match is None else match[1]
    if kind == OBSERVATION:
        kind = str(body.get("type", "")).lower()
        kind = kind if kind in KINDS else OBSERVATION
    subject = OBSERVATION if match else TRACE
    trace_id = own_id if subject == TRACE else given_text(body, "traceId", place="body.")
    given_text(body, "parentObservationId", place="body.")
    return Piece(subject, own_id, trace_id, identity, (at - EPOCH) // timedelta(microseconds=1), kind, body, scope)


def given_text(given: Mapping[str, Any], key: str, *, most: int | None = MAX_ID, place: str = "") -> str:
    """A text, empty when it is not there. Raises BadItem naming the field."""
    value = given.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadItem("must be a text", field=f"{place}{key}")
    if most is not None and len(value) > most:
        raise BadItem(f"is longer than {most} characters", field=f"{place}{key}")
    return value


def moment(value: Any, *, field: str) -> datetime | None:  # noqa: ANN401
    """ISO 8601, UTC where it names no zone; None for nothing. Raises BadItem naming the field."""
    if value in (None, ""):
        return None
    try:
        found = in_utc(datetime.fromisoformat(value))
    except (ValueError, TypeError):
        raise BadItem(f"{str(value)[:60]!r} is no time", field=field) from None
    if not EPOCH < found <= datetime.now(UTC) + AHEAD:
        raise BadItem("lies before 1970 or more than a day ahead", field=field)
    return found


# --- What is known of one trace or observation ------------------------------------------------------------


def added(known: dict[str, Any], piece: Piece) -> dict[str, Any]:
    """What is known together with one more event; the same when it was known already."""
    events = known.get("events", {})
    if piece.event_id in events or piece.event_id in known.get("folded", ()):
        return known
    events = events | {piece.event_id: [piece.at, piece.kind, piece.body]}
    if len(events) > MAX_KEPT:
        return _shortened(events, known, piece.scope)
    return {**known, "events": events, "scope": piece.scope}


def _shortened(events: dict[str, Any], known: dict[str, Any], scope: str) -> dict[str, Any]:
    """The older half of the events as one."""
    ordered = sorted(events.items(), key=_when)
    older, newer = ordered[: MAX_KEPT // 2], ordered[MAX_KEPT // 2 :]
    whole = Known.of({"events": dict(older)})
    event_id, (at, *_) = older[-1]
    kept = {event_id: [at, whole.kind, whole.body], **dict(newer)}
    folded = [*known.get("folded", ()), *(name for name, _ in older)][-20 * MAX_KEPT :]
    return {**known, "events": kept, "folded": folded, "scope": scope}


def _when(entry: tuple[str, Any]) -> int:
    return entry[1][0]


@dataclass(frozen=True, slots=True)
class Known:
    """The events of one trace or observation put together."""

    kind: str
    body: Body
    scope: str
    #: When an event first brought an output, in the sender's time.
    answered_at: datetime | None = None
    #: The first model that was named.
    asked_model: str = ""

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> Known:
        kind, body, answered, asked = "", {}, None, ""
        for _, (at, said, given) in sorted(known.get("events", {}).items(), key=_when):
            kind = said if said != OBSERVATION or not kind else kind
            if "output" in given and answered is None:
                answered = EPOCH + timedelta(microseconds=at)
            asked = asked or text_of(given.get("model", ""))
            body |= {**given, **_joined(body, given)}
        return cls(kind, body, known.get("scope", ""), answered, asked)

    def time(self, name: str) -> datetime | None:
        return moment(self.body.get(name), field=name)

    @property
    def starts_at(self) -> datetime | None:
        """Observations have a start, traces a timestamp."""
        return self.time("startTime") or self.time("timestamp")

    @property
    def is_finished(self) -> bool:
        """Whether nothing more need come: both ends are known, or it has but one."""
        return bool(self.body.get("startTime")) and (bool(self.body.get("endTime")) or self.kind == EVENT)

    @property
    def has_result(self) -> bool:
        """Whether it says what came of it: often nobody tells it to end."""
        return any(self.body.get(name) for name in ("output", "usage", "usageDetails")) or is_error(self.body)


def is_error(body: Body) -> bool:
    return body.get("level") == "ERROR"


def _joined(body: Body, given: Body) -> Body:
    """Metadata and tags gather, a trace began when it was first seen; everything else is replaced."""
    joined: Body = {}
    if "timestamp" in body and "timestamp" in given:
        joined["timestamp"] = min(body["timestamp"], given["timestamp"], key=datetime.fromisoformat)
    old, new = body.get("metadata"), given.get("metadata")
    if isinstance(old, dict) and isinstance(new, dict):
        joined["metadata"] = old | new
    old, new = body.get("tags"), given.get("tags")
    if isinstance(old, list) and isinstance(new, list):
        joined["tags"] = [*old, *(tag for tag in new if tag not in old)]
    return joined


def text_of(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json_text(value)
