"""OTLP/JSON as clients write it, strictly and loosely."""

import json

import pytest

from telemetry.dialects.decoded import BadBody
from tests.telemetry.dialects.builders import MS, START_NS, body, decode, json_body, json_span, proto_span


def spans(*given):
    decoded = decode(json_body(*given), as_json=True)
    assert (decoded.rejected, decoded.message) == (0, "")
    return decoded.spans


def test_it_gives_the_same_span_as_protobuf():
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.cost": 0.25,
        "flag": True,
        "tag.tags": ["a", "b"],
        "map": {"deep": {"er": [1, 2.5, None]}},
    }
    assert spans(json_span(attributes)) == decode(body(proto_span(attributes))).spans


def test_whole_numbers_may_be_numbers_or_texts():
    given = json_span(startTimeUnixNano=START_NS, endTimeUnixNano=str(START_NS + 90 * MS))
    given["attributes"] = [
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": 120}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "30"}},
    ]
    (span,) = spans(given)
    assert (span.input_tokens, span.output_tokens, span.duration_ms) == (120, 30, 90.0)


@pytest.mark.parametrize("size", [1, 63, 64, 127, 128, 8_192, 16_384, 1_100_000])
def test_texts_are_as_long_as_in_protobuf(size):
    attributes = {"input.value": "é" * size, "other": "x" * size}
    assert spans(json_span(attributes)) == decode(body(proto_span(attributes))).spans


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 10**18, 10**18 - 1, 0])
def test_whole_numbers_of_64_bits_keep_every_digit(number):
    given = json_span()
    given["attributes"] = [{"key": "other", "value": {"intValue": str(number)}}]
    assert spans(given)[0].attributes == {"other": number}


@pytest.mark.parametrize("code", [2, "2", "STATUS_CODE_ERROR"])
def test_the_status_may_be_a_number_or_a_name(code):
    (span,) = spans(json_span(status={"code": code, "message": "boom"}))
    assert (span.status, span.error_message) == ("error", "boom")


def test_keys_that_nobody_knows_and_nulls_are_ignored():
    given = json_span(
        flags=257, droppedAttributesCount=0, links=None, events=None, status=None, kind="SPAN_KIND_CLIENT"
    )
    given["attributes"].append({"key": "k", "value": {"stringValue": "v", "futureValue": 1}})
    given["attributes"].append({"key": "none", "value": None})
    (span,) = spans(given)
    assert span.attributes == {"k": "v"}


def test_ids_may_be_in_capitals():
    (span,) = spans(json_span(traceId="205B57E05FDAD48E151058D53DA99CEE", parentSpanId=""))
    assert span.trace_id == "205b57e05fdad48e151058d53da99cee"
    assert span.parent_id == ""


def test_bytes_are_base64():
    given = json_span()
    given["attributes"] = [{"key": "k", "value": {"bytesValue": "AP8="}}]
    assert spans(given)[0].attributes == {"k": "AP8="}


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"traceId": "xyz"}, "traceId: must be hex"),
        ({"traceId": 12}, "traceId: must be hex"),
        ({"traceId": "abcd"}, "traceId: must be 16 bytes"),
        ({"traceId": None}, "traceId: must be 16 bytes"),
        ({"spanId": "0000000000000000"}, "spanId: must be 8 bytes"),
        ({"name": 5}, "name: must be a text"),
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano: must be a whole number"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano: must be a whole number"),
        ({"startTimeUnixNano": True}, "startTimeUnixNano: must be a whole number"),
        ({"startTimeUnixNano": "9" * 30}, "startTimeUnixNano: must be a whole number"),
        ({"attributes": {"a": 1}}, "attributes: must be a list"),
        ({"attributes": [{"value": {}}]}, "attributes[0].key: must be a text"),
        ({"attributes": [{"key": "k", "value": 5}]}, "attributes.k: must be an object"),
        ({"attributes": [{"key": "k", "value": {"intValue": "x"}}]}, "attributes.k.intValue: must be a whole"),
        ({"attributes": [{"key": "k", "value": {"intValue": 2**63}}]}, "attributes.k.intValue: must be a whole"),
        (
            {"attributes": [{"key": "k", "value": {"boolValue": "yes"}}]},
            "attributes.k.boolValue: must be true or false",
        ),
        ({"attributes": [{"key": "k", "value": {"bytesValue": "!"}}]}, "attributes.k.bytesValue: must be base64"),
        ({"attributes": [{"key": "k", "value": {"arrayValue": 3}}]}, "attributes.k.arrayValue: must be an object"),
        ({"status": {"code": "BROKEN"}}, "status.code: must be"),
        ({"status": 3}, "status: must be an object"),
        ({"events": [{"timeUnixNano": "x"}]}, "events[0].timeUnixNano: must be"),
    ],
)
def test_a_bad_field_costs_its_span_alone_and_is_named(fields, where):
    decoded = decode(json_body(json_span(), json_span(**fields)), as_json=True)
    assert (len(decoded.spans), decoded.rejected) == (1, 1)
    assert decoded.message.startswith("resourceSpans[0].scopeSpans[0].spans[1].")
    assert where in decoded.message


def test_a_span_that_is_no_object_is_refused():
    decoded = decode(json_body("span", json_span()), as_json=True)
    assert len(decoded.spans) == 1
    assert decoded.message == "resourceSpans[0].scopeSpans[0].spans[0]: must be an object"


def test_endless_nesting_costs_its_span_alone():
    value: dict = {"stringValue": "bottom"}
    for _ in range(40):
        value = {"arrayValue": {"values": [value]}}
    given = json_span()
    given["attributes"] = [{"key": "k", "value": value}]
    decoded = decode(json_body(given, json_span()), as_json=True)
    assert len(decoded.spans) == 1
    assert "attributes.k: is nested deeper than 32" in decoded.message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\x0a\x05",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [1]}',
        b'{"resourceSpans": [{"scopeSpans": 5}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": 5}]}]}',
        b'{"resourceSpans": [{"resource": []}]}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
    ],
)
def test_what_is_no_export_request_is_a_bad_body(content):
    with pytest.raises(BadBody):
        decode(content, as_json=True)


def test_a_text_cut_inside_a_character_is_repaired():
    """JavaScript's ``substring`` leaves half of an emoji, and ``JSON.stringify`` writes it as an escape."""
    content = json_body(json_span({"input.value": "CUT"})).replace(b"CUT", b"smile \\ud83d")
    (span,) = decode(content, as_json=True).spans
    assert span.input == "smile ?"


def test_a_text_that_is_not_utf8_is_repaired():
    content = json_body(json_span({"input.value": "Xtext"})).replace(b"Xtext", b"\xfftext")
    (span,) = decode(content, as_json=True).spans
    assert span.input == "�text"


def test_resource_and_scope_are_read():
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    (span,) = decode(json_body(json_span(), resource=resource), as_json=True).spans
    assert (span.service, span.scope) == ("shop", "tests/1")


def test_a_body_may_hold_many_resources():
    once = json.loads(json_body(json_span()))
    twice = {"resourceSpans": once["resourceSpans"] * 2}
    assert len(decode(json.dumps(twice).encode(), as_json=True).spans) == 2
