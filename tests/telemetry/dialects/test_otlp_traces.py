"""Bodies in and spans out: what is refused, why, and that the rest is kept."""

import time
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.dialects import wire
from telemetry.dialects.decoded import BadBody
from telemetry.dialects.lookup import LOOKUP
from telemetry.dialects.otlp import decode_traces
from tests.telemetry.dialects.builders import (
    CALLER,
    SPAN_ID,
    START_NS,
    TRACE_ID,
    body,
    decode,
    proto_span,
    translated,
)

DAY_NS = 86_400 * 10**9


def test_it_reads_what_every_span_has():
    span = translated(
        {"k": "v"}, name="work", parent_id=b"\x09" * 8, duration_ms=250.5, resource={"service.name": "shop"}
    )
    assert (span.project_id, span.key_id) == (7, 3)
    assert span.trace_id == "000102030405060708090a0b0c0d0e0f"
    assert span.span_id == "0102030405060708"
    assert span.parent_id == "0909090909090909"
    assert span.start_time == datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    assert span.duration_ms == 250.5
    assert (span.name, span.kind, span.service, span.scope) == ("work", "other", "shop", "tests/1")
    assert span.attributes == {"k": "v"}
    assert span.status == "ok"


def test_an_empty_body_holds_no_spans():
    assert decode(b"").spans == []
    assert decode(b"{}", as_json=True).spans == []


def test_a_parent_of_zeros_is_no_parent():
    assert translated({}, parent_id=bytes(8)).parent_id == ""


@pytest.mark.parametrize(
    ("about", "field", "why"),
    [
        ({"trace_id": bytes(16)}, "traceId", "16 bytes"),
        ({"trace_id": b"short"}, "traceId", "16 bytes"),
        ({"trace_id": b""}, "traceId", "16 bytes"),
        ({"span_id": bytes(8)}, "spanId", "8 bytes"),
        ({"span_id": b"123456789"}, "spanId", "8 bytes"),
        ({"parent_id": b"abc"}, "parentSpanId", "8 bytes"),
        ({"start_ns": 0}, "startTimeUnixNano", "missing"),
        ({"start_ns": time.time_ns() + 2 * DAY_NS}, "startTimeUnixNano", "future"),
    ],
)
def test_it_refuses_one_bad_span_and_keeps_the_others(about, field, why):
    decoded = decode(body(proto_span(span_id=b"11111111"), proto_span(**about), proto_span(span_id=b"33333333")))
    assert [span.span_id for span in decoded.spans] == [b"11111111".hex(), b"33333333".hex()]
    assert decoded.rejected == 1
    assert decoded.message.startswith(f"resourceSpans[0].scopeSpans[0].spans[1].{field}: ")
    assert why in decoded.message


def test_a_clock_that_is_a_few_hours_fast_is_believed():
    assert len(decode(body(proto_span(start_ns=time.time_ns() + DAY_NS // 2))).spans) == 1


def test_an_end_before_the_start_is_no_duration():
    assert translated({}, duration_ms=-40).duration_ms == 0.0


def test_the_message_explains_the_first_refusals_and_counts_the_rest():
    decoded = decode(body(*(proto_span(trace_id=b"") for _ in range(9))))
    assert decoded.rejected == 9
    assert decoded.message.count("traceId") == 5
    assert decoded.message.endswith("(and 4 more)")


@pytest.mark.parametrize("content", [b"\xff\xff\xff", b"not protobuf at all", b'{"resourceSpans":[]}'])
def test_what_is_no_protobuf_is_a_bad_body(content):
    with pytest.raises(BadBody, match="protobuf"):
        decode(content)


def _corrupt(content: bytes, marker: bytes) -> bytes:
    """Break the first byte of a text, so that it is no UTF-8 any more."""
    assert marker in content
    return content.replace(marker, b"\xff" + marker[1:])


def test_a_text_that_is_not_utf8_is_repaired():
    content = _corrupt(body(proto_span({"input.value": "héllo?"}, name="Xname")), "héllo?".encode())
    (span,) = decode(_corrupt(content, b"Xname")).spans
    assert span.input == "�éllo?"
    assert span.name == "�name"


def test_a_list_of_texts_that_are_not_utf8_is_repaired():
    (span,) = decode(_corrupt(body(proto_span({"k": ["Xone"], "m": {"Ykey": "v"}})), b"Xone")).spans
    assert span.attributes["k"] == ["�one"]


def test_a_name_that_is_not_utf8_costs_its_span_alone():
    good, bad = proto_span({"a": "b"}), proto_span({"Xkey": "v"}, span_id=b"22222222")
    decoded = decode(_corrupt(body(good, bad), b"Xkey"))
    assert [span.span_id for span in decoded.spans] == [SPAN_ID.hex()]
    assert decoded.rejected == 1
    assert decoded.message.startswith("resourceSpans[0].scopeSpans[0].spans[1]: ")
    assert "UTF-8" in decoded.message


def test_an_unreadable_resource_refuses_its_spans_and_no_others():
    request = ExportTraceServiceRequest.FromString(body(proto_span(), proto_span(), resource={"Xkey": "v"}))
    request.MergeFromString(body(proto_span(span_id=b"33333333"), resource={"service.name": "fine"}))
    decoded = decode(_corrupt(request.SerializeToString(), b"Xkey"))
    assert [span.service for span in decoded.spans] == ["fine"]
    assert decoded.rejected == 2
    assert "spans[0].resource: " in decoded.message


def nested(levels: int):
    value = "bottom"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [33, 45])
def test_endless_nesting_costs_its_span_alone(levels):
    decoded = decode(body(proto_span({"k": nested(levels)}), proto_span({"k": nested(20)}, span_id=b"22222222")))
    assert [span.attributes["k"] for span in decoded.spans] == [nested(20)]
    assert decoded.message.startswith("resourceSpans[0].scopeSpans[0].spans[0].attributes.k: ")
    assert "nested" in decoded.message


def test_nesting_beyond_what_protobuf_reads_costs_its_span_alone():
    value = b"\x0a\x06bottom"
    for _ in range(500):
        array = b"\x0a" + _varint(len(value)) + value
        value = b"\x2a" + _varint(len(array)) + array
    deep = wire.MESSAGES["Span"].FromString(proto_span(span_id=b"22222222").SerializeToString())
    deep.attributes["k"] = value
    content = body(proto_span())
    request = wire.MESSAGES["Traces"].FromString(content)
    request.resources[0].scopes[0].items.append(deep)
    decoded = decode(request.SerializeToString())
    assert (len(decoded.spans), decoded.rejected) == (1, 1)
    assert "spans[1].attributes.k: " in decoded.message


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


def test_thousands_of_names_do_not_fill_the_memory():
    span = translated({f"made.up.{number}": number for number in range(30_000)})
    assert len(span.attributes) == 30_000
    assert len(LOOKUP.known) < LOOKUP.MAX_LEARNED + 2_000


def test_numbers_beyond_belief_stay_attributes():
    span = translated({"gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": 2**63 - 1, "n": float("inf")})
    assert (span.input_tokens, span.output_tokens) == (0, 0)
    assert span.attributes == {"gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": 2**63 - 1, "n": "inf"}


def test_it_keeps_every_type_of_an_attribute_that_nobody_knows():
    given = {"s": "x" * 300, "i": 300, "big": 2**40, "d": 0.5, "b": False, "zero": 0, "l": ["a", 1], "m": {"k": [True]}}
    assert translated(given).attributes == given


def test_bytes_are_kept_as_base64():
    assert translated({"k": b"\x00\xff"}).attributes == {"k": "AP8="}


def test_it_keeps_unknown_events_and_links():
    span = proto_span(events=[("cache hit", {"level": 2}, 10)])
    span.links.add(trace_id=TRACE_ID, span_id=SPAN_ID)
    (found,) = decode(body(span)).spans
    assert found.attributes["events"] == [{"name": "cache hit", "after_ms": 10.0, "attributes": {"level": 2}}]
    assert found.attributes["links"] == [{"trace_id": TRACE_ID.hex(), "span_id": SPAN_ID.hex()}]


def test_resource_attributes_apply_to_every_span_and_unknown_ones_are_kept():
    resource = {
        "service.name": "shop",
        "service.version": "1.4.2",
        "deployment.environment.name": "staging",
        "host.name": "a1",
    }
    decoded = decode(body(proto_span(), proto_span(span_id=b"22222222"), resource=resource))
    for span in decoded.spans:
        assert (span.service, span.release, span.environment) == ("shop", "1.4.2", "staging")
        assert span.attributes == {"resource.host.name": "a1"}
    assert decoded.spans[0].attributes is not decoded.spans[1].attributes


def test_spans_do_not_share_their_lists():
    first, second = decode(body(proto_span(), proto_span(span_id=b"22222222"))).spans
    first.tags.append("x")
    first.documents.append({"id": "1"})
    assert (second.tags, second.documents) == ([], [])


def test_the_time_is_exact_to_the_microsecond():
    (span,) = decode(body(proto_span(start_ns=START_NS))).spans
    assert span.start_time.microsecond == 678901


def test_the_caller_decides_the_project():
    (span,) = decode_traces(body(proto_span({"project_id": 99})), json=False, caller=CALLER).spans
    assert span.project_id == 7
