"""Decoding and translating alone, on one core: microseconds a span for each dialect, protobuf and JSON.

    python -m bench.decode [--spans 960] [--rounds 200] [--profile]

Each body is decoded many times and its best time counts, so other work on the machine hardly shows. The reference, in
the same run: the official protobuf messages, parsed and walked over once, without understanding anything.
"""

from __future__ import annotations

import argparse
import base64
import cProfile
import json
import pstats
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench.workload import Workload
from telemetry.dialects.otlp import decode_traces

CALLER: Any = SimpleNamespace(key_id=1, project_id=1, project_slug="bench", scopes=frozenset(), client="")
SPANS_PER_REQUEST = 48
KINDS = {
    "invoke_workflow": "CHAIN",
    "invoke_agent": "CHAIN",
    "embeddings": "EMBEDDING",
    "retrieval": "RETRIEVER",
    "chat": "LLM",
}
IDS = ("traceId", "spanId", "parentSpanId")


def openinference(span: Span, *, keep: bool) -> None:
    """Say what a GenAI span says in OpenInference's names, instead of its own or beside them."""
    said = {pair.key: pair.value for pair in span.attributes}
    spoken: dict[str, str | int | float] = {}
    if "gen_ai.operation.name" in said:
        spoken["openinference.span.kind"] = KINDS.get(said["gen_ai.operation.name"].string_value, "CHAIN")
    if "gen_ai.request.model" in said:
        spoken["llm.model_name"] = said["gen_ai.request.model"].string_value
    for ours, theirs in (("input", "prompt"), ("output", "completion")):
        if f"gen_ai.usage.{ours}_tokens" in said:
            spoken[f"llm.token_count.{theirs}"] = said[f"gen_ai.usage.{ours}_tokens"].int_value
        if f"gen_ai.{ours}.messages" in said:
            for at, message in enumerate(json.loads(said[f"gen_ai.{ours}.messages"].string_value)):
                base = f"llm.{ours}_messages.{at}.message"
                spoken[f"{base}.role"] = message["role"]
                spoken[f"{base}.content"] = message["parts"][0]["content"]
    if "gen_ai.retrieval.documents" in said:
        for at, document in enumerate(json.loads(said["gen_ai.retrieval.documents"].string_value)):
            for leaf, value in document.items():
                spoken[f"retrieval.documents.{at}.document.{leaf}"] = value
    if not keep:
        kept = [pair for pair in span.attributes if not pair.key.startswith("gen_ai.")]
        del span.attributes[:]
        span.attributes.extend(kept)
    for name, value in spoken.items():
        pair = span.attributes.add(key=name)
        field = {str: "string_value", int: "int_value", float: "double_value"}[type(value)]
        setattr(pair.value, field, value)


def spoken_as(body: bytes, *, keep: bool) -> bytes:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                openinference(span, keep=keep)
    return request.SerializeToString()


def as_json(body: bytes) -> bytes:
    """OTLP/JSON, whose ids are hex where protobuf's JSON has base64."""
    request = MessageToDict(ExportTraceServiceRequest.FromString(body))
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                span |= {name: base64.b64decode(span[name]).hex() for name in IDS if name in span}
    return json.dumps(request).encode()


def walk(body: bytes) -> None:
    """The reference: every attribute is seen, none is understood."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                for pair in span.attributes:
                    _ = pair.key, pair.value.string_value


def protobuf(body: bytes) -> None:
    decode_traces(body, json=False, caller=CALLER)


def from_json(body: bytes) -> None:
    decode_traces(body, json=True, caller=CALLER)


def best_us(run: Callable[[bytes], None], bodies: Sequence[bytes], rounds: int) -> float:
    """Microseconds a span: the best time of each body."""
    total = 0.0
    for body in bodies:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            run(body)
            times.append(time.perf_counter() - started)
        total += min(times)
    return total / (len(bodies) * SPANS_PER_REQUEST) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.decode", description=__doc__.split("\n\n")[0])
    parser.add_argument("--spans", type=int, default=480)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--profile", action="store_true", help="print where the time of the third goes, by function")
    given = parser.parse_args()
    genai = list(Workload().bodies(given.spans, spans_per_request=SPANS_PER_REQUEST))
    dialects = {
        "GenAI": genai,
        "OpenInference": [spoken_as(body, keep=False) for body in genai],
        "both at once": [spoken_as(body, keep=True) for body in genai],
    }
    print("| dialect | spans/s, protobuf | µs a span | µs a span, JSON | reference: official messages, walked over |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, bodies in dialects.items():
        decoded = best_us(protobuf, bodies, given.rounds)
        json_us = best_us(from_json, [as_json(body) for body in bodies], max(1, given.rounds // 10))
        reference = best_us(walk, bodies, given.rounds)
        print(f"| {name} | {1e6 / decoded:,.0f} | {decoded:.1f} | {json_us:.1f} | {reference:.1f} |")
    if given.profile:
        profile = cProfile.Profile()
        profile.enable()
        for body in dialects["both at once"]:
            protobuf(body)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
