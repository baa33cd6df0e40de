"""Langfuse's events to spans, without stores: every shape of usage, and whatever else may come."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.keys import Caller
from bench.fuzz_decoders import check_score, check_span, decode_langfuse
from telemetry.dialects.decoded import BadBody
from telemetry.dialects.langfuse_bodies import OBSERVATION_NAMES, READ, SHARED_NAMES, observation_span
from telemetry.dialects.langfuse_events import KINDS, MAX_KEPT, TIMES, Known, added, read
from tests.telemetry.langfuse.requests import at, event

CALLER = Caller(key_id=3, project_id=7, project_slug="default", scopes=frozenset({"ingest"}))
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def span_of(**body):
    """The span of one whole generation."""
    sent = event("generation-create", **{"id": "g", "traceId": "t", "startTime": at(0), "endTime": at(1)} | body)
    (span,) = decode_langfuse(json.dumps({"batch": [sent]}).encode(), json=True, caller=CALLER).spans
    return span


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"usage": {"input": 120, "output": 30, "total": 150, "unit": "TOKENS"}}, (120, 0, 0, 30, 0)),
        ({"usage": {"promptTokens": 120, "completionTokens": 30}}, (120, 0, 0, 30, 0)),
        ({"usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}}, (120, 0, 0, 30, 0)),
        ({"usage": {"total": 150}}, (150, 0, 0, 0, 0)),
        ({"usage": {"totalTokens": 150}}, (150, 0, 0, 0, 0)),
        ({"usage": {"input": 4000, "unit": "CHARACTERS"}}, (0, 0, 0, 0, 0)),
        ({"usage": {"input": 1}, "usageDetails": {"input": 120, "output": 30}}, (120, 0, 0, 30, 0)),
        ({"usageDetails": {"input": 56, "input_cached_tokens": 64, "output": 30}}, (120, 64, 0, 30, 0)),
        ({"usageDetails": {"input": 6, "input_cache_read": 64, "input_cache_creation": 50, "output": 20,
                           "output_reasoning": 10}}, (120, 64, 50, 30, 10)),
        ({"usageDetails": {"input_tokens": 120, "output_tokens": 30, "input_tokens_details": {"cached_tokens": 64}}},
         (120, 64, 0, 30, 0)),
        ({"usageDetails": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
                           "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": None},
                           "completion_tokens_details": {"reasoning_tokens": 10}}}, (120, 64, 0, 30, 10)),
        ({"usageDetails": {"input_tokens": 6, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 50,
                           "output_tokens": 30}}, (120, 64, 50, 30, 0)),
        ({"usage": "many", "usageDetails": [1]}, (0, 0, 0, 0, 0)),
        ({"usage": {"input": -5, "output": "30"}}, (0, 0, 0, 30, 0)),
    ],
)  # fmt: skip
def test_usage_in_every_shape(usage, tokens):
    span = span_of(**usage)
    counts = (span.input_tokens, span.cached_tokens, span.cache_write_tokens, span.output_tokens, span.reasoning_tokens)
    assert counts == tokens


@pytest.mark.parametrize(
    ("costs", "nano"),
    [
        ({"costDetails": {"total": 0.5}}, 500_000_000),
        ({"costDetails": {"input": 0.1, "output": 0.2}}, 300_000_000),
        ({"usage": {"input": 1, "inputCost": 0.1, "outputCost": 0.2}}, 300_000_000),
        ({"usage": {"input": 1, "totalCost": 0.5}, "costDetails": {}}, 500_000_000),
        ({"usage": {"input": 1, "totalCost": 0.0}}, 0),
    ],
)
def test_costs_in_every_shape(costs, nano):
    span = span_of(**costs)
    assert (span.cost_nano, span.cost_source) == (nano, "reported" if nano else "")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("span", "chain"), ("generation", "llm"), ("embedding", "embedding"), ("retriever", "retrieval"),
     ("tool", "tool"), ("agent", "agent"), ("guardrail", "guardrail"), ("evaluator", "evaluator"), ("event", "other")],
)  # fmt: skip
def test_kinds(kind, expected):
    body = {"id": "o", "traceId": "t", "startTime": at(0), "endTime": at(1)}
    for sent in (event(f"{kind}-create", **body), event("observation-create", **body, type=kind.upper())):
        (span,) = decode_langfuse(json.dumps({"batch": [sent]}).encode(), json=True, caller=CALLER).spans
        assert span.kind == expected


def pieces_of(*events):
    return read(json.dumps({"batch": events}).encode()).pieces


def test_later_events_win_in_whatever_order_they_come():
    events = [
        event("generation-create", 0, id="g", startTime=at(0), model="a", metadata={"x": 1, "y": 1}, input="first"),
        event("generation-update", 1, id="g", model="b", metadata={"y": 2}, level=None),
        event("generation-update", 2, id="g", endTime=at(2), output="done"),
    ]
    bodies = []
    for order in (events, events[::-1], [events[1], events[0], events[2], events[0]]):
        known = {}
        for piece in pieces_of(*order):
            known = added(known, piece)
        bodies.append(Known.of(known).body)
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["metadata"] == {"x": 1, "y": 2} and bodies[0]["model"] == "b" and bodies[0]["input"] == "first"


def test_very_many_events_of_one_observation_are_folded_and_none_is_taken_twice():
    events = [event("generation-update", n, id="g", metadata={f"k{n}": n}) for n in range(3 * MAX_KEPT)]
    known = {}
    for piece in pieces_of(event("generation-create", id="g", startTime=at(0), endTime=at(1)), *events, *events):
        known = added(known, piece)
    assert len(known["events"]) <= MAX_KEPT
    whole = Known.of(known)
    assert whole.body["metadata"] == {f"k{n}": n for n in range(3 * MAX_KEPT)}
    assert observation_span("g", whole, None, CALLER).duration_ms == 1000.0


KEYS = st.sampled_from(sorted({*SHARED_NAMES, *OBSERVATION_NAMES, *READ, "value", "dataType", "observationId"}))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
    | st.sampled_from(["ERROR", "NUMERIC", "CATEGORICAL", "[]", "{}", "[[1.0]]", at(0), at(1)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
TYPES = st.sampled_from([f"{kind}-{verb}" for kind in KINDS for verb in ("create", "update")]) | st.sampled_from(
    ["trace-create", "score-create", "sdk-log", "observation-create", "nothing"]
)
BODIES = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", "t"])},
    optional=dict.fromkeys(TIMES, st.sampled_from([at(0), at(2), "never", ""])) | {"traceId": st.just("t")},
)
EVENTS = st.builds(
    lambda kind, body, more, when: event(kind, when) | {"body": more | body},
    TYPES, BODIES, st.dictionaries(KEYS, VALUES, max_size=6), st.integers(0, 9),
)  # fmt: skip


@QUICK
@given(st.lists(EVENTS | VALUES, max_size=6))
def test_each_item_is_taken_or_named_and_what_is_taken_can_be_stored(items):
    content = json.dumps({"batch": items, "metadata": {}}).encode()
    decoded = decode_langfuse(content, json=True, caller=CALLER)
    batch = decoded.batch
    assert len(batch.good) + len(batch.bad) + len(batch.scores) == len(items)
    for _, bad in batch.bad:
        assert str(bad)
    for span in decoded.spans:
        check_span(span, free_ids=True)
    for score in decoded.scores:
        check_score(score)


@QUICK
@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_body(content):
    try:
        decode_langfuse(content, json=True, caller=CALLER)
    except BadBody as error:
        assert str(error)
