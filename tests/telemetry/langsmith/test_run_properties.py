"""Whatever JSON stands in a run or in feedback: it becomes a span or a judgement, or its field is refused by name."""

import uuid
from datetime import datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from accounts.keys import Caller
from telemetry.columns import span_columns
from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadBody, BadItem
from telemetry.langsmith import feedback, tokens
from telemetry.receive import langsmith as receiver
from telemetry.receive.http import Request

CALLER = Caller(1, 1, "default", frozenset({"ingest"}))

LEAVES = some.one_of(
    some.none(), some.booleans(), some.integers(-(2**63), 2**64 - 1),
    some.floats(allow_nan=False, allow_infinity=False), some.text(max_size=12),
)  # fmt: skip
KEYS = some.sampled_from(
    ["metadata", "messages", "generations", "message", "kwargs", "usage_metadata", "input_tokens", "output_tokens",
     "input_token_details", "cache_read", "documents", "output", "choices", "tool_calls", "content", "runtime", "sdk",
     "name", "time", "page_content", "score", "llm_output", "total_cost", "type", "id", "function", "x"]
)  # fmt: skip
JSON = some.recursive(
    LEAVES, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
FIELDS = (
    "name", "run_type", "end_time", "inputs", "outputs", "extra", "events", "error", "tags", "trace_id",
    "parent_run_id", "dotted_order", "session_name", "session_id", "serialized", "reference_example_id", "attachments",
)  # fmt: skip
#: From the year 1, which some languages' empty times are in, to 9999; in any zone or none.
TIMES = some.datetimes(timezones=some.none() | some.timezones()).map(datetime.isoformat)
RUNS = some.fixed_dictionaries(
    {
        "id": some.just(str(uuid.uuid4())),
        "start_time": some.sampled_from(["2026-11-23T14:30:05Z", 1795444694908]) | TIMES,
    },
    optional=dict.fromkeys(FIELDS, JSON)
    | {"run_type": some.sampled_from(["llm", "embedding", "retriever", "tool"]), "end_time": JSON | TIMES},
)


@given(RUNS, RUNS)
def test_any_run_becomes_a_span_or_is_refused(one, other):
    try:
        span = langsmith.to_span(langsmith.merged(langsmith.checked(one), langsmith.checked(other)), CALLER)
    except BadItem as bad:
        assert bad.field
        return
    span_columns([span], [0], span.start_time)
    assert isinstance(span.input, str) and isinstance(span.output, str) and span.input_tokens >= 0


@given(some.dictionaries(some.sampled_from([*feedback.SAID, "id", "run_id", "trace_id", "key", "created_at"]), JSON))
def test_any_feedback_is_read_or_refused(said):
    try:
        feedback.number(feedback.read({"key": "k", "run_id": str(uuid.uuid4())} | said).said)
    except BadItem as bad:
        assert bad.field


@given(some.dictionaries(some.sampled_from(["expires_in", "expires_at"]), JSON))
def test_any_expiry_is_a_moment_or_refused(asked):
    try:
        tokens._expiry(asked)
    except BadItem as bad:
        assert bad.field


def request(content_type: str = "multipart/form-data; boundary=b") -> Request:
    return Request("POST", "/runs/multipart", {"content-type": content_type}, b"", None)


@given(
    some.binary(max_size=300)
    | some.builds(lambda parts: b"--b" + b"\r\n--b".join(parts) + b"--b--", some.lists(some.binary(max_size=60)))
)
def test_any_body_is_read_or_refused(raw):
    for read in (receiver.read_multipart, receiver.read_batch, receiver.read_run, receiver.read_feedback):
        try:
            read(raw, request())
        except BadBody:
            continue


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999-01:00"])
def test_a_time_that_utc_has_no_year_for_is_refused_by_name(time):
    run = {"id": str(uuid.uuid4()), "start_time": "2026-11-23T14:30:05Z", "end_time": time}
    with pytest.raises(BadItem, match="is no time") as bad:
        langsmith.to_span(run, CALLER)
    assert bad.value.field == "end_time"


@pytest.mark.parametrize("piece", [{"extra": "x"}, {"extra": {"metadata": []}}, {"tags": 7}, {"events": {"a": 1}}])
def test_pieces_of_the_wrong_type_are_refused_by_name(piece):
    ((field, _),) = piece.items()
    with pytest.raises(BadItem) as bad:
        langsmith.checked({"id": str(uuid.uuid4())} | piece)
    assert bad.value.field.startswith(field)


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"total_tokens": 150}, (150, 0)),
        ({"total_tokens": 150, "input_tokens": 120}, (120, 30)),
        ({"total_tokens": 150, "output_tokens": 30}, (120, 30)),
        ({"total_tokens": 150, "input_tokens": 100, "output_tokens": 30}, (100, 30)),
        ({"total_tokens": 20, "input_tokens": 120}, (120, 0)),
    ],
)
def test_a_total_tells_the_tokens_that_are_not_told_themselves(said, tokens):
    run = {"id": str(uuid.uuid4()), "start_time": "2026-11-23T14:30:05Z", "run_type": "llm"}
    span = langsmith.to_span(run | {"outputs": {"usage_metadata": said}}, CALLER)
    assert (span.input_tokens, span.output_tokens) == tokens


def test_numbers_too_large_for_a_column_are_no_tokens():
    run = {"id": str(uuid.uuid4()), "start_time": "2026-11-23T14:30:05Z", "run_type": "llm"}
    run["outputs"] = orjson.loads('{"usage_metadata": {"input_tokens": 1e300, "total_cost": 1e300}}')
    span = langsmith.to_span(run, CALLER)
    assert (span.input_tokens, span.cost_nano) == (0, 0)
