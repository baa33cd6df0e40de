"""Whatever bytes come: a decoder answers, or says ``BadBody``, and never gives half a span."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from telemetry.dialects import wire
from telemetry.dialects.decoded import BadBody, BadItem, Decoded
from telemetry.dialects.lookup import LOOKUP
from telemetry.dialects.otlp_logs import LogJoin, decode_logs, merged
from telemetry.dialects.otlp_metrics import decode_metrics
from telemetry.dialects.translate import Defaults, absorb, pour_all
from telemetry.dialects.values import MAX_WHOLE
from telemetry.logs import pieces
from telemetry.span import ERROR_TYPES, KINDS
from tests.telemetry.dialects.builders import (
    CALLER,
    MS,
    SPAN_ID,
    START_NS,
    body,
    decode,
    json_body,
    json_span,
    json_value,
    proto_span,
    set_attributes,
)

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = st.sampled_from(sorted(LOOKUP.known)) | st.sampled_from(
    [pattern.replace("{}", "0") for pattern in sorted(LOOKUP.patterns)]
)
SCALARS = (
    st.text(max_size=200)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.sampled_from(["LLM", "chat", "True", "0", "[]", "{}", '[{"id": 1}]', '{"input": "x"}', "[[1.0]]", "null"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
)
ATTRIBUTES = st.dictionaries(NAMES | st.text(max_size=30), VALUES, max_size=25)
EVENTS = st.lists(
    st.tuples(st.sampled_from(sorted(LOOKUP.events)) | st.text(max_size=20), ATTRIBUTES, st.floats(-5, 500)), max_size=4
)


def check_whole(decoded: Decoded) -> None:
    """Every span can be stored: all fields of their types and within what the columns hold."""
    for span in decoded.spans:
        assert span.kind in KINDS
        assert len(span.trace_id) == 32
        assert len(span.span_id) == 16
        assert span.start_time > datetime(1970, 1, 1, tzinfo=UTC)
        assert span.duration_ms >= 0
        assert (span.error_type in ERROR_TYPES) == (span.status == "error")
        for name, default in TYPES.items():
            value = getattr(span, name)
            assert isinstance(value, type(default)), (name, value)
            if isinstance(value, int):
                assert 0 <= value < 2**63, (name, value)
        assert span.time_to_first_token_ms is None or span.time_to_first_token_ms >= 0
        json.dumps(span.attributes, allow_nan=False).encode()
        json.dumps(span.documents, allow_nan=False).encode()
        assert all(isinstance(tag, str) for tag in span.tags)
        for score in span.scores:
            assert score.name
            assert score.value == score.value


TYPES = {
    **dict.fromkeys(
        (
            "name", "provider", "model", "response_model", "response_id", "finish_reason", "service_tier",
            "cost_source", "error_type", "error_original", "error_message", "input", "output", "tool_calls",
            "tool_name", "user_id", "session_id", "feature", "environment", "release", "prompt_name",
            "prompt_version", "experiment", "variant", "service", "scope", "dialect",
        ),
        "",
    ),
    **dict.fromkeys(
        (
            "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "cost_nano",
            "embedding_count", "embedding_dimensions", "counted",
        ),
        0,
    ),
    "embedding_norm": 0.0,
    "documents": [],
    "tags": [],
    "attributes": {},
}  # fmt: skip


def try_decode(content: bytes, *, as_json: bool) -> Decoded | None:
    try:
        decoded = decode(content, as_json=as_json)
    except BadBody as error:
        assert str(error)
        return None
    check_whole(decoded)
    return decoded


@QUICK
@given(st.binary(max_size=400))
@example(b"")
@example(b"\x0a\x00")
def test_any_bytes_as_protobuf(content):
    try_decode(content, as_json=False)


@QUICK
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_as_json(content):
    try_decode(content, as_json=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["resourceSpans", "scopeSpans", "spans", "resource", "scope", "attributes", "key", "value", "stringValue",
             "intValue", "arrayValue", "kvlistValue", "values", "traceId", "spanId", "startTimeUnixNano", "status",
             "code", "events", "links", "name", "gauge", "histogram", "exponentialHistogram", "dataPoints", "count",
             "body", "positive", "bucketCounts", "scale", "offset", "asInt", "timeUnixNano", "eventName"]
        )
        | st.text(max_size=5),
        inner,
        max_size=5,
    ),
    max_leaves=30,
)  # fmt: skip


@QUICK
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_as_logs_and_metrics(content, as_json):
    for decoder in (decode_logs, decode_metrics):
        with suppress(BadBody):
            decoder(content, json=as_json, caller=CALLER)


@QUICK
@given(JSON)
def test_any_json_as_logs_and_metrics(value):
    for decoder, levels in (
        (decode_logs, ("resourceLogs", "scopeLogs", "logRecords")),
        (decode_metrics, ("resourceMetrics", "scopeMetrics", "metrics")),
    ):
        content = json.dumps({levels[0]: [{levels[1]: [{levels[2]: [value]}]}]}).encode()
        with suppress(BadBody):
            decoder(content, json=True, caller=CALLER)


@QUICK
@given(JSON)
def test_any_json(value):
    try_decode(json.dumps(value).encode(), as_json=True)
    try_decode(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [value]}]}]}).encode(), as_json=True)


@QUICK
@given(st.data())
def test_damaged_protobuf(data):
    """One changed, lost or added byte at any place of a good body."""
    good = body(proto_span({"gen_ai.operation.name": "chat", "k": ["a", {"b": 1}], "input.value": "x" * 150}, status=2))
    at = data.draw(st.integers(0, len(good) - 1))
    bad = data.draw(st.sampled_from([good[:at], good[:at] + good[at + 1 :], good + good[at:]]) | st.just(b""))
    replaced = good[:at] + data.draw(st.binary(min_size=1, max_size=3)) + good[at + 1 :]
    try_decode(bad, as_json=False)
    try_decode(replaced, as_json=False)


@QUICK
@given(ATTRIBUTES, EVENTS)
def test_any_attributes_give_a_whole_span(attributes, events):
    attributes.pop("", None)
    decoded = try_decode(body(proto_span(attributes, events=events)), as_json=False)
    assert decoded is not None
    assert len(decoded.spans) + decoded.rejected == 1


def finite(value):
    """The value without the doubles that JSON has no number for."""
    if isinstance(value, float):
        return value if value - value == 0 else 0.0
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return value


@QUICK
@given(ATTRIBUTES, EVENTS)
def test_json_and_protobuf_of_the_same_span_give_the_same(attributes, events):
    attributes = finite(attributes)
    events = [(name, finite(event), after_ms) for name, event, after_ms in events]
    written = json_span(
        attributes,
        events=[
            {
                "name": name,
                "timeUnixNano": str(START_NS + int(after_ms * MS)),
                "attributes": [{"key": key, "value": json_value(value)} for key, value in event.items()],
            }
            for name, event, after_ms in events
        ],
    )
    from_json = decode(json_body(written), as_json=True)
    from_protobuf = decode(body(proto_span(attributes, events=events)))
    assert from_json == from_protobuf


@QUICK
@given(st.lists(st.sampled_from(["good", "no id", "no start", "deep"]), max_size=12))
def test_good_and_bad_spans_are_counted_apart(kinds):
    deep = "bottom"
    for _ in range(40):
        deep = [deep]
    spans = [
        proto_span(
            {"k": deep} if kind == "deep" else {},
            span_id=b"" if kind == "no id" else SPAN_ID,
            start_ns=0 if kind == "no start" else START_NS,
        )
        for kind in kinds
    ]
    decoded = decode(body(*spans))
    assert len(decoded.spans) == kinds.count("good")
    assert decoded.rejected == len(kinds) - kinds.count("good")
    assert bool(decoded.message) == bool(decoded.rejected)


@pytest.mark.parametrize("size", [100, 127, 128, 129, 130, 131, 16_380, 16_383, 16_384, 16_390, 2_100_000])
def test_texts_of_every_length_come_through(size):
    """The fast reading of texts looks at their length in bytes, which takes one more byte here and there."""
    for letter in ("x", "é"):
        text = letter * size
        (span,) = decode(body(proto_span({"input.value": text, "k": text, "user.id": text}))).spans
        assert (span.input, span.attributes["k"], span.user_id) == (text, text, text)


@QUICK
@given(st.integers(0, MAX_WHOLE) | st.integers(0, 2**62))
def test_whole_numbers_of_every_length_come_through(number):
    (span,) = decode(body(proto_span({"gen_ai.usage.input_tokens": number, "k": number}))).spans
    assert (span.input_tokens, span.attributes["k"]) == (number if number <= MAX_WHOLE else 0, number)


@QUICK
@given(ATTRIBUTES, ATTRIBUTES)
def test_a_shape_reads_the_same_as_name_by_name(attributes, resource):
    """The short way for names that were met before is exact, also with empty values and rivals."""
    span = wire.MESSAGES["Span"].FromString(proto_span(attributes).SerializeToString())
    holder = wire.MESSAGES["Span"].FromString(proto_span(resource).SerializeToString())
    with suppress(BadItem):
        defaults = Defaults.of(project_id=7, key_id=3).within(holder.attributes, "resource.")
        slow = defaults.draft()
        absorb(span.attributes, slow)
        quick = pour_all(span.attributes, defaults, 0)
        assert (quick.values, quick.rest) == (slow.values, slow.rest)
        assert quick.ranks == slow.ranks
        assert quick.scores == slow.scores


RECORDS = st.lists(
    st.tuples(st.sampled_from(sorted(LOOKUP.events)), ATTRIBUTES, st.integers(0, 3), st.integers(0, 5)),
    min_size=1,
    max_size=8,
)


def logs_of(records) -> list[LogJoin]:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for name, attributes, span, second in records:
        record = scope.log_records.add(trace_id=bytes(15) + b"\x01", span_id=bytes(7) + bytes([span + 1]))
        record.event_name, record.time_unix_nano = name, START_NS + second
        set_attributes(record.attributes, attributes)
    return decode_logs(request.SerializeToString(), json=False, caller=CALLER).joins


@QUICK
@given(RECORDS)
def test_pieces_of_log_records_are_read_as_they_were_written(records):
    for join in logs_of(records):
        assert pieces.read(pieces.write(join)) == join
        assert pieces.piece_hash(join, 1) == pieces.piece_hash(pieces.read(pieces.write(join)), 1)


@QUICK
@given(RECORDS, st.randoms(use_true_random=False))
def test_pieces_give_the_same_in_every_order_and_however_often_they_come(records, chance):
    """Batches of one record each, or some together: the span gains the same messages and scores."""
    joins = [join for record in records for join in logs_of([record]) if join.span_id.endswith("1")]
    if not joins:
        return
    shuffled = [*joins, *chance.choices(joins, k=2)]
    chance.shuffle(shuffled)
    first, second = merged(joins), merged(shuffled)
    assert first.fields == second.fields
    assert {score.score_id for score in first.scores} == {score.score_id for score in second.scores}
