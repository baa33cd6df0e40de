"""What makes a span good or bad, one rule a test: the bad one is named, and its neighbours are stored."""

import base64
import json
import re
import time

import pytest

from tests.telemetry.conformance.bodies import JSON, attribute, body, request, span
from tests.telemetry.ingest.ask import ask, value

DAY = 86_400 * 10**9


def stored() -> int:
    return value("SELECT count() FROM spans")


def refused(http, *spans) -> str:
    """Send these and a good one; the reason for which the first was refused."""
    neighbour = span(spanId="aaaaaaaaaaaaaaaa", name="neighbour")
    answer = http.post("/v1/traces", content=body(*spans, neighbour), headers=JSON)
    assert answer.status_code == 200
    assert ask("SELECT name FROM spans") == [("neighbour",)]
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedSpans"] == str(len(spans))
    assert partial["errorMessage"].startswith("resourceSpans[0].scopeSpans[0].spans[0].")
    return partial["errorMessage"].partition("spans[0].")[2]


def accepted(http, **changes) -> None:
    answer = http.post("/v1/traces", content=body(span(**changes)), headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert stored() == 1


@pytest.mark.parametrize("field", ["traceId", "spanId"])
def test_ids_that_are_missing_short_or_no_hex(http, field):
    for wrong in ("", "0", "00", "abc", "zz" * 8, "ab " * 16, 7, [], "5b8efff798038103"[:15], None):
        assert refused(http, span(**{field: wrong})).startswith(field), wrong


def test_ids_of_nothing_but_zeros(http):
    assert "not all zero" in refused(http, span(traceId="0" * 32), span(spanId="0" * 16))


def test_a_parent_of_the_wrong_length(http):
    assert refused(http, span(parentSpanId="abcd")).startswith("parentSpanId")


@pytest.mark.parametrize("parent", ["", "0" * 16, None])
def test_a_root_has_no_parent_however_that_is_written(http, parent):
    accepted(http, parentSpanId=parent)
    assert value("SELECT parent_id FROM spans") == ""


def test_hex_in_capitals_is_the_same_id(http):
    accepted(http, traceId="5B8EFFF798038103D269B633813FC60C", spanId="EEE19B7EC3C1B174")
    assert ask("SELECT trace_id, span_id FROM spans") == [("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")]


def test_base64_ids_are_refused_and_named_as_such(http):
    """Generic protobuf JSON writes ids so; the standard says hex, and a wrong id would never be found again."""
    given = base64.b64encode(bytes(range(16))).decode()
    assert "hex digits, not base64" in refused(http, span(traceId=given))


def test_bytes_values_are_base64(http):
    accepted(http, attributes=[attribute("x.raw", bytesValue=base64.b64encode(b"\x00\xff").decode())])
    assert json.loads(value("SELECT attributes FROM spans")) == {"x.raw": "AP8="}


def test_no_start(http):
    for wrong in (None, "0", 0):
        assert refused(http, span(startTimeUnixNano=wrong)) == "startTimeUnixNano: is missing"


def test_times_in_the_far_future(http):
    ahead = str(time.time_ns() + DAY + 10**12)
    assert refused(http, span(startTimeUnixNano=ahead)) == "startTimeUnixNano: lies more than a day in the future"


def test_an_end_in_the_far_future(http):
    answer = refused(http, span(endTimeUnixNano=str(2**64 - 1)))
    assert answer == "endTimeUnixNano: lies more than a day in the future"


def test_times_in_another_unit_lie_in_the_far_past(http):
    for unit in (10**3, 10**6, 10**9):
        assert "is it in another unit?" in refused(http, span(startTimeUnixNano=str(time.time_ns() // unit)))


def test_times_of_which_nothing_would_be_kept(http, settings):
    then = time.time_ns() - (settings.ONWATCH_HOURLY_RETENTION_DAYS + 1) * DAY
    assert "days in the past, longer than anything is kept" in refused(http, span(startTimeUnixNano=str(then)))


def test_the_past_is_welcome_as_far_back_as_anything_is_kept(http, settings):
    then = time.time_ns() - (settings.ONWATCH_HOURLY_RETENTION_DAYS - 1) * DAY
    accepted(http, startTimeUnixNano=str(then), endTimeUnixNano=str(then + 10**9))
    assert value("SELECT sum(spans) FROM spans_1h") == 1


def test_history_of_many_months_in_one_request_is_counted(http, settings):
    """The roll-ups are cut by month, and the engine takes a hundred parts at once."""
    months = [time.time_ns() - month * 30 * DAY for month in range(settings.ONWATCH_HOURLY_RETENTION_DAYS // 30)]
    spans = [
        span(spanId=f"{at + 1:016x}", startTimeUnixNano=str(then), endTimeUnixNano=str(then))
        for at, then in enumerate(months)
    ]
    assert http.post("/v1/traces", content=body(*spans), headers=JSON).json() == {}
    assert value("SELECT sum(spans) FROM spans_1h") == stored() == len(months)


def test_a_clock_that_is_hours_ahead_loses_nothing(http):
    ahead = time.time_ns() + 14 * 3600 * 10**9
    accepted(http, startTimeUnixNano=str(ahead), endTimeUnixNano=str(ahead + 10**9))


def test_an_end_before_the_start_is_no_duration(http):
    accepted(http, endTimeUnixNano="1")
    assert value("SELECT duration_ms FROM spans") == 0


def test_what_is_no_64_bit_number(http):
    for wrong in ("1_000", " 5", "x", "", -1, 1.5, True, "1e3", [], {}, str(2**64)):
        assert refused(http, span(startTimeUnixNano=wrong)).startswith("startTimeUnixNano: "), wrong


def test_64_bit_numbers_come_as_numbers_and_as_text(http):
    start = time.time_ns() - 10**9
    attributes = [attribute("gen_ai.usage.input_tokens", intValue="120"), attribute("x", intValue="9007199254740993")]
    accepted(http, startTimeUnixNano=start, endTimeUnixNano=str(start + 5_000_000), attributes=attributes)
    found = ask("SELECT input_tokens, duration_ms, JSONExtractInt(attributes, 'x') FROM spans")
    assert found == [(120, 5.0, 9007199254740993)]


def test_counts_beyond_belief_spoil_no_figure(http, project):
    """They are kept as they came: a few of them would add up to more than 64 bits hold."""
    attributes = [attribute("llm.model", stringValue="m"), attribute("llm.tokens.input", intValue=str(2**62))]
    spans = [span(spanId=f"{at:016x}", attributes=attributes) for at in range(1, 9)]
    assert http.post("/v1/traces", content=body(*spans), headers=JSON).json() == {}
    summary = http.get("/api/v1/summary", params={"range": "1h"})
    assert (summary.status_code, summary.json()["calls"], summary.json()["input_tokens"]) == (200, 8, 0)
    (first, *_) = http.get("/api/v1/spans", params={"trace_id": span()["traceId"]}).json()
    assert first["attributes"]["llm.tokens.input"] == 2**62


@pytest.mark.parametrize("name", ["embedding.num_inputs", "embedding.dimensions", "gen_ai.embeddings.dimension.count"])
def test_sizes_of_embeddings_beyond_belief_spoil_no_span(http, name):
    """Larger ones than their columns hold are kept as they came."""
    for at, (number, counts) in enumerate([(2**32 - 1, True), (2**32, False), (2**62, False)], 1):
        given = span(spanId=f"{at:016x}", attributes=[attribute(name, intValue=str(number))])
        assert http.post("/v1/traces", content=body(given), headers=JSON).json() == {}
        (*_, found) = http.get("/api/v1/spans", params={"trace_id": span()["traceId"], "span_id": f"{at:016x}"}).json()
        assert found["embedding_count"] + found["embedding_dimensions"] == (number if counts else 0)
        assert found["attributes"] == ({} if counts else {name: number})


def test_a_langfuse_answer_of_sizes_beyond_belief_spoils_no_span(http):
    told = json.dumps({"dimensions": 2**33, "count": 2})
    attributes = {"langfuse.observation.type": "embedding", "langfuse.observation.output": told}
    accepted(http, attributes=[attribute(name, stringValue=text) for name, text in attributes.items()])
    assert ask("SELECT embedding_count, embedding_dimensions FROM spans") == [(2, 0)]


def test_projections_larger_than_their_column_spoil_no_span(http):
    values = [{"doubleValue": number} for number in [1e300, -1e300, *[0.0] * 14]]
    vector = [{"doubleValue": number} for number in (1e150, 2.0)]
    spans = [
        span(attributes=[attribute("embedding.projection", arrayValue={"values": values})]),
        span(
            spanId="bbbbbbbbbbbbbbbb",
            attributes=[attribute("embedding.embeddings.0.embedding.vector", arrayValue={"values": vector})],
        ),
    ]
    assert http.post("/v1/traces", content=body(*spans), headers=JSON).json() == {}
    assert ask("SELECT embedding_projection, embedding_count FROM spans ORDER BY span_id") == [([], 1), ([], 0)]


def test_names_of_enumerations_stand_for_their_numbers(http):
    accepted(http, kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR", "message": "429"})
    assert value("SELECT status FROM spans") == "error"


def test_unknown_fields_and_null_are_passed_over(http):
    whole = request(span(newField={"deep": [1]}, links=None, flags=257, droppedEventsCount=None))
    whole["resourceSpans"][0]["entityRefs"] = [{"type": "service"}]
    whole["future"] = True
    answer = http.post("/v1/traces", content=json.dumps(whole).encode(), headers=JSON)
    assert answer.json() == {}
    assert stored() == 1


@pytest.mark.parametrize(
    ("given", "unknown", "wanted"),
    [
        ({"resourceSpan": []}, "resourceSpan", "resourceSpans"),
        ({"resourceMetrics": []}, "resourceMetrics", "resourceSpans"),
        ({"resourceSpans": [{"instrumentationLibrarySpans": []}]}, "instrumentationLibrarySpans", "scopeSpans"),
        ({"resourceSpans": [{"scopeSpans": [{"span": []}]}]}, "span", "spans"),
    ],
)
def test_a_body_of_nothing_but_unknown_fields_is_a_mistake_that_is_told(http, given, unknown, wanted):
    answer = http.post("/v1/traces", json=given)
    assert answer.status_code == 400
    assert answer.json()["message"] == f"The body holds no spans: '{unknown}' stands where {wanted} belongs."


def test_keys_may_be_spelt_as_in_protobuf(http):
    """The Collector takes both spellings as well."""
    attributes = [{"key": "gen_ai.usage.input_tokens", "value": {"int_value": "7"}}]
    spelt = {re.sub("[A-Z]", r"_\g<0>", name).lower(): given for name, given in span(attributes=attributes).items()}
    answer = http.post("/v1/traces", json={"resource_spans": [{"scope_spans": [{"spans": [spelt]}]}]})
    assert (answer.status_code, answer.json()) == (200, {})
    assert value("SELECT input_tokens FROM spans") == 7


def test_nested_values_end_somewhere(http):
    deep = {"stringValue": "x"}
    for _ in range(40):
        deep = {"arrayValue": {"values": [deep]}}
    assert "nested deeper" in refused(http, span(attributes=[{"key": "deep", "value": deep}]))


def test_a_body_that_nests_without_end_is_400(http):
    for opened in (b"[", b'{"a":', b'{"resourceSpans":['):
        assert http.post("/v1/traces", content=opened * 100_000, headers=JSON).status_code == 400
    assert stored() == 0


@pytest.mark.parametrize("path", ["/v1/traces", "/api/v1/otel/v1/traces"])
def test_the_project_of_a_header_names_spans_whose_resource_does_not(http, path):
    """As exporters that were pointed at LangSmith send it."""
    named = request(span(spanId="bbbbbbbbbbbbbbbb"))
    named["resourceSpans"][0]["resource"]["attributes"] = [attribute("service.name", stringValue="billing")]
    for given in (request(span()), named):
        http.post(path, json=given, headers={"langsmith-project": "shop"})
    assert sorted(ask("SELECT service FROM spans")) == [("billing",), ("shop",)]


@pytest.mark.parametrize("name", ["events", "links", "metadata", "attachments", "exception.stacktrace"])
@pytest.mark.parametrize("value", [{"arrayValue": {"values": [{"stringValue": "a"}, {}]}}, {"intValue": 1}, {}])
def test_attributes_may_be_called_like_something_of_ours(http, name, value):
    accepted(http, attributes=[attribute(name, **value)])
    assert http.get("/api/v1/spans", params={"trace_id": span()["traceId"]}).status_code == 200


def test_texts_that_are_not_utf_8_are_repaired(http):
    raw = body(span(name="caf\u00e9", attributes=[attribute("user.id", stringValue="MARK")]))
    assert http.post("/v1/traces", content=raw.replace(b"MARK", b"\xff\xfe ann"), headers=JSON).json() == {}
    assert value("SELECT user_id FROM spans") == "\ufffd\ufffd ann"


def test_half_a_character_is_repaired_and_an_escaped_backslash_is_not_touched(http):
    raw = body(span(name="NAME", attributes=[attribute("user.id", stringValue="USER")]))
    raw = raw.replace(b"NAME", rb"\ud83d\ude00 \ud83d").replace(b"USER", rb"\\ud83d")
    assert http.post("/v1/traces", content=raw, headers=JSON).json() == {}
    assert ask("SELECT name, user_id FROM spans") == [("\U0001f600 ?", r"\ud83d")]


def test_nan_and_infinity_are_kept_as_words(http):
    for at, word in enumerate((b"NaN", b"Infinity", b"-Infinity", b'"NaN"', b'"Infinity"'), 1):
        given = span(spanId=f"{at:016x}", attributes=[attribute("x", doubleValue=12345.5)])
        raw = body(given).replace(b"12345.5", word)
        assert http.post("/v1/traces", content=raw, headers=JSON).json() == {}
    found = [json.loads(text)["x"] for (text,) in ask("SELECT attributes FROM spans ORDER BY span_id")]
    assert found == ["nan", "inf", "-inf", "nan", "inf"]


def test_of_duplicate_keys_the_last_counts(http):
    twice = [attribute("user.id", stringValue="first"), attribute("user.id", stringValue="last")]
    raw = body(span(attributes=twice)).replace(b'"name": "chat', b'"name": "old", "name": "chat')
    assert http.post("/v1/traces", content=raw, headers=JSON).json() == {}
    assert ask("SELECT name, user_id FROM spans") == [("chat gpt-4o-mini", "last")]


def test_a_span_that_is_none(http):
    wrong = [7, "x", [], None, {"spanId": 7}, {"attributes": "x"}, span(events=[7]), span(attributes=[{"key": 7}])]
    partial = http.post("/v1/traces", content=body(*wrong, span()), headers=JSON).json()["partialSuccess"]
    assert partial["rejectedSpans"] == str(len(wrong))
    assert stored() == 1


def test_a_request_that_is_none_names_its_place(http):
    for wrong, place in (
        ([], "object"),
        ("x", "object"),
        (7, "object"),
        (None, "object"),
        ({"resourceSpans": {}}, "resourceSpans"),
        ({"resourceSpans": [7]}, "resourceSpans"),
        ({"resourceSpans": [{"scopeSpans": 7}]}, "resourceSpans[0].scopeSpans"),
        ({"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}, "resourceSpans[0].scopeSpans[0].spans"),
        ({"resourceSpans": [{"resource": 7}]}, "resourceSpans[0].resource"),
    ):
        answer = http.post("/v1/traces", content=json.dumps(wrong).encode(), headers=JSON)
        assert answer.status_code == 400
        assert answer.json()["code"] == 3
        assert place in answer.json()["message"]
    assert stored() == 0


def test_a_thousand_bad_spans_are_counted_and_five_explained(http):
    bad = [span(spanId="") for _ in range(1000)]
    partial = http.post("/v1/traces", content=body(*bad, span()), headers=JSON).json()["partialSuccess"]
    assert partial["rejectedSpans"] == "1000"
    assert "(and 995 more)" in partial["errorMessage"]
    assert stored() == 1
