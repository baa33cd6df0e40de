"""What of prompts and answers leaves the process: nothing, cut or redacted where one wishes so."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from typing import NamedTuple
from uuid import UUID

import numpy as np
import pytest

import onwatch_sdk as onwatch
from onwatch_sdk import content

SECRET = "the moon is made of cheese"


@onwatch.trace_rag_pipeline
def everything(question):
    def failing(prompt):
        raise ValueError(f"cannot answer {prompt}")

    with onwatch.AITraceContext("turn", input=question) as turn:
        turn.record_output(question)
        onwatch.trace_retrieval(lambda query: [{"id": "d1", "score": 0.5, "text": query}])(question)
        onwatch.trace_embedding(lambda text: [1.0])(question)
        onwatch.trace_tool(lambda text: text)(question)
        list(onwatch.trace_llm_call(lambda prompt: (word for word in [prompt]))(question))
        onwatch.trace_llm_call(lambda messages: {"content": question, "usage": {"input_tokens": 3}})(
            [{"role": "user", "content": question}]
        )
        try:
            onwatch.trace_llm_call(failing)(question)
        except ValueError:
            return question


def written(spans):
    return json.dumps(
        [
            [dict(span.attributes), span.status.description, [dict(event.attributes) for event in span.events]]
            for span in spans.all()
        ],
        ensure_ascii=False,
    )


def test_content_is_captured_by_default(spans):
    everything(SECRET)
    assert written(spans).count(SECRET) > 15


@pytest.mark.parametrize("how", ["argument", "environment", "both"])
def test_content_can_stay_here(how, spans, monkeypatch):
    if how != "argument":
        monkeypatch.setenv("ONWATCH_CAPTURE_CONTENT", "0")
    content.configure({"argument": False, "environment": None, "both": True}[how])
    everything(SECRET)
    assert "cheese" not in written(spans)
    # Figures and names are no content.
    said = [dict(span.attributes) for span in spans.all()]
    assert any(attributes.get("llm.tokens.input") == 3 for attributes in said)
    assert any(attributes.get("error.type") == "ValueError" for attributes in said)
    assert any(attributes.get("gen_ai.retrieval.documents") == '[{"id": "d1", "score": 0.5}]' for attributes in said)
    assert any("embedding.projection" in attributes for attributes in said)


def test_one_decorator_can_keep_its_content_here(spans):
    @onwatch.trace_llm_call(capture=False)
    def ask(prompt):
        return prompt

    ask(SECRET)
    assert "cheese" not in written(spans)


def test_texts_are_redacted(spans):
    content.configure(redact=lambda text: re.sub("cheese", "[food]", text))
    everything(SECRET)
    assert "cheese" not in written(spans)
    assert written(spans).count("[food]") > 15


def test_a_redaction_that_fails_lets_nothing_out(spans, counted):
    def broken(text):
        raise KeyError(text)

    content.configure(redact=broken)
    everything(SECRET)
    assert "cheese" not in written(spans)
    assert counted()["faults"] > 5


def test_long_texts_are_cut_and_say_so(spans):
    content.configure(max_characters=1000)

    @onwatch.trace_llm_call
    def ask(messages):
        return "b" * 5000

    ask(
        [
            {"role": "system", "content": "a" * 600},
            {"role": "user", "content": "a" * 600},
            {"role": "user", "content": "?"},
        ]
    )
    said = spans.said()
    assert said["output.value"] == "b" * 1000 + "… [cut: 5,000 characters in all]"
    messages = json.loads(said["gen_ai.input.messages"])
    assert [message["parts"][0]["content"] for message in messages] == [
        "a" * 600,
        "a" * 400 + "… [cut: 600 characters in all]",
        "… [cut: 1 characters in all]",
    ]
    assert len(said["input.value"]) < 1500


def test_large_structures_cost_little(spans):
    """A prompt of a hundred million items is named, not written."""
    content.configure(max_characters=10_000)

    class Endless(list):
        def __iter__(self):
            raise AssertionError("asked the application's own code")

    @onwatch.trace_tool
    def work(rows, table, cyclic):
        return rows

    cyclic: dict = {}
    cyclic["self"] = cyclic
    rows = [0] * 5_000_000
    assert work(rows, Endless([1, 2]), cyclic) is rows
    said = spans.said()
    assert len(said["gen_ai.tool.call.arguments"]) < 11_000
    assert "more]" in said["gen_ai.tool.call.result"]


class Colour(Enum):
    BLUE = "blue"


@dataclass
class Place:
    city: str
    at: tuple[float, float]


class Pair(NamedTuple):
    left: int
    right: int


class Client:
    def __repr__(self):
        raise AssertionError("asked")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", "text"),
        (["ü", None, True, 1.5], '["ü", null, true, 1.5]'),
        ({"a": {1: 2}}, '{"a": {"1": 2}}'),
        (float("nan"), "nan"),
        ([float("inf")], '["inf"]'),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (Colour.BLUE, "blue"),
        (Place("Bern", (1.0, 2.0)), '{"city": "Bern", "at": [1.0, 2.0]}'),
        (Pair(1, 2), '{"left": 1, "right": 2}'),
        (b"\x00\x01", "<2 bytes>"),
        ({3}, "[3]"),
        (np.float32(0.5), "0.5"),
        (np.zeros((2, 3)), "<array 2x3 float64>"),
        (10**5000, "<a whole number of 16610 bits>"),
        (Client(), "<tests.sdk.test_content.Client>"),
        ("a\ud800b", "a?b"),
        ({"a\udfff": ["\ud800"]}, '{"a?": ["?"]}'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_all_sorts(value, written, spans):
    @onwatch.trace_tool
    def work(given):
        return given

    work(value)
    assert spans.said()["output.value"] == written
    assert spans.said()["input.value"] == written
