"""The same traffic as each dialect says it: spans stored before the answer, per second, beside plain GenAI over OTLP.

    python -m bench.dialects [--spans 96000] [--connections 32] [--rounds 2]

One console takes all dialects in turn, round by round, there and back, so that a machine that slows down and a store
that fills are the same for each. Medians count.
Each load lasts some seconds: in the first one nothing is merged yet, which would favour who is done by then.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

import orjson
import zstandard
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.console import Console
from bench.sender import OTLP, Receiver
from bench.workload import Workload

SPANS_PER_REQUEST = 48
BOUNDARY = "d41d8cd98f00b204e9800998ecf8427e"
#: Beginnings in so many requests wait for their ends at a time.
OPEN_REQUESTS = 64
RUN_TYPES = {"invoke_workflow": "chain", "embeddings": "embedding", "retrieval": "retriever", "chat": "llm"}
#: What the client tells of itself with every run.
RUNTIME = {
    "sdk": "langsmith-py", "sdk_version": "0.15.0", "library": "langsmith", "platform": "Linux-6.1.0-x86_64",
    "runtime": "python", "py_implementation": "CPython", "runtime_version": "3.11.7", "langchain_version": "1.7.0",
}  # fmt: skip


class Spoken(NamedTuple):
    """A dialect: where its bodies go, and what it makes of GenAI requests."""

    name: str
    to: Receiver
    bodies: Callable[[Iterable[bytes]], Iterable[bytes]]
    #: How many a span is told in, each answered for by itself.
    pieces: int = 1


def as_batch(body: bytes) -> bytes:
    """What LangSmith's client sends of these spans as one batch of whole runs."""
    return orjson.dumps({"post": list(_runs(body)), "patch": []})


def as_multipart(body: bytes) -> bytes:
    """The same as the client sends runs that it gathered whole: each in parts."""
    return _framed(part for run in _runs(body) for part in _parts(run))


def as_begin_and_end(body: bytes) -> bytes:
    """As the client sends by itself what begins and ends within one gathering: in two pieces, compressed."""
    return zstandard.compress(_framed(part for run in _runs(body) for piece in _pieces(run) for part in piece))


def begun_before_ended(bodies: Iterable[bytes]) -> Iterator[bytes]:
    """As the client sends by itself what takes longer: the ends come in later requests than the beginnings."""
    ends: deque[bytes] = deque()
    for body in bodies:
        begun, ended = zip(*map(_pieces, _runs(body)), strict=True)
        yield zstandard.compress(_framed(chain.from_iterable(begun)))
        ends.append(zstandard.compress(_framed(chain.from_iterable(ended))))
        if len(ends) > OPEN_REQUESTS:
            yield ends.popleft()
    yield from ends


def _pieces(run: dict[str, Any]) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    ended = {name: value for name, value in run.items() if name != "inputs"}
    begun = {name: value for name, value in run.items() if name != "end_time"}
    return list(_parts(begun | {"outputs": {}, "events": [], "error": None})), list(_parts(ended, "patch"))


def _framed(parts: Iterable[tuple[str, Any]]) -> bytes:
    return b"".join(_part(name, value) for name, value in parts) + f"--{BOUNDARY}--\r\n".encode()


def _parts(run: dict[str, Any], event: str = "post") -> Iterator[tuple[str, Any]]:
    own = {name: run.pop(name) for name in ("inputs", "outputs", "events", "extra") if name in run}
    if error := run.pop("error"):
        own["error"] = error
    yield f"{event}.{run['id']}", run
    for name, value in own.items():
        yield f"{event}.{run['id']}.{name}", value


def _part(name: str, value: Any) -> bytes:
    content = orjson.dumps(value)
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n"


def _runs(body: bytes) -> Iterator[dict[str, Any]]:
    request = MessageToDict(ExportTraceServiceRequest.FromString(body))
    for span in request["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        said = {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}
        operation = said.get("gen_ai.operation.name", "")
        identity, start = _uuid(span["spanId"]), _iso(span["startTimeUnixNano"])
        yield {
            "id": identity,
            "trace_id": _uuid(span["traceId"]),
            "parent_run_id": _uuid(span["parentSpanId"]) if "parentSpanId" in span else None,
            "dotted_order": f"{start:.26}Z{_uuid(span['traceId'])}.{start:.26}Z{identity}",
            "name": span["name"],
            "run_type": RUN_TYPES.get(operation, "chain"),
            "start_time": start,
            "end_time": _iso(span["endTimeUnixNano"]),
            "session_name": "bench",
            "tags": [],
            "events": [],
            "inputs": _input(said),
            "outputs": _output(said),
            "extra": {
                "runtime": RUNTIME,
                "metadata": {
                    "ls_provider": said.get("gen_ai.provider.name", ""),
                    "ls_model_name": said.get("gen_ai.request.model", ""),
                    "user_id": said["user.id"],
                    "session_id": said["session.id"],
                    "feature": said["ai.feature"],
                },
            },
            "error": span.get("status", {}).get("message"),
        }


def _uuid(identity: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, identity))


def _iso(nanoseconds: str) -> str:
    return datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC).isoformat()


def _input(said: dict[str, Any]) -> dict[str, Any]:
    if "gen_ai.input.messages" in said:
        return {"messages": json.loads(said["gen_ai.input.messages"])}
    return {"query": said.get("gen_ai.retrieval.query.text") or said.get("input.value", "")}


def _output(said: dict[str, Any]) -> dict[str, Any]:
    tokens = {
        "input_tokens": int(said.get("gen_ai.usage.input_tokens", 0)),
        "output_tokens": int(said.get("gen_ai.usage.output_tokens", 0)),
    }
    if "gen_ai.output.messages" in said:
        return {"messages": json.loads(said["gen_ai.output.messages"]), "usage_metadata": tokens}
    if "gen_ai.retrieval.documents" in said:
        documents = json.loads(said["gen_ai.retrieval.documents"])
        return {"documents": [{"id": one["id"], "page_content": one["content"]} for one in documents]}
    return {"output": said.get("output.value", ""), "usage_metadata": tokens}


def dialects() -> Iterator[Spoken]:
    # Imported here: these know the product, which must not be set up in the process that sends before it is asked for.
    from bench.decode import as_json, spoken_as

    def each(change: Callable[[bytes], bytes]) -> Callable[[Iterable[bytes]], Iterable[bytes]]:
        return functools.partial(map, change)

    yield Spoken("GenAI, OTLP", OTLP, list)
    yield Spoken("OpenInference, OTLP", OTLP, each(functools.partial(spoken_as, keep=False)))
    yield Spoken("GenAI, OTLP as JSON", Receiver(media_type="application/json"), each(as_json))
    yield Spoken("LangSmith, batches of runs", Receiver("/api/v1/runs/batch", "application/json"), each(as_batch))
    parts = Receiver("/api/v1/runs/multipart", f"multipart/form-data; boundary={BOUNDARY}")
    yield Spoken("LangSmith, runs in parts", parts, each(as_multipart))
    packed = parts._replace(encoding="zstd")
    yield Spoken("LangSmith, begin and end in one request", packed, each(as_begin_and_end), 2)
    yield Spoken("LangSmith, begin and end in requests of their own", packed, begun_before_ended, 2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.dialects", description=__doc__.split("\n\n")[0])
    parser.add_argument("--spans", type=int, default=96_000, help="for each dialect and round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    spoken = list(dialects())
    rates: dict[str, list[float]] = {each.name: [] for each in spoken}
    with Console() as console:
        console.load(Workload(seed=99).bodies(4_800), spans_per_request=SPANS_PER_REQUEST, connections=4)
        for number in range(given.rounds):
            # There and back: who comes later finds a fuller store.
            for place, each in list(enumerate(spoken))[:: -1 if number % 2 else 1]:
                # Other ids each time, or they would be repetitions.
                genai = Workload(seed=1000 * number + place).bodies(given.spans, spans_per_request=SPANS_PER_REQUEST)
                bodies = list(each.bodies(genai))
                # Or it would pay for merging what the one before brought.
                console.settle(most=30)
                sent = console.load(
                    bodies, spans_per_request=SPANS_PER_REQUEST, connections=given.connections, to=each.to
                )
                if len(sent.latencies) * SPANS_PER_REQUEST != sent.spans:
                    raise RuntimeError(f"{each.name}: some requests were refused")
                rates[each.name].append(given.spans / sent.seconds)
    plain = statistics.median(rates[spoken[0].name])
    print(f"{given.connections} connections, {SPANS_PER_REQUEST} spans a request\n")
    print("| dialect | spans/s | of plain OTLP | pieces/s | of plain OTLP |\n| --- | ---: | ---: | ---: | ---: |")
    for each in spoken:
        rate = statistics.median(rates[each.name])
        figures = (f"{number:,.0f} | {number / plain:.2f}" for number in (rate, rate * each.pieces))
        print(f"| {each.name} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
