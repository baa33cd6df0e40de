"""Feed the decoders damaged bodies until one raises what it must not, or gives a span that cannot be stored.

    python -m bench.fuzz_decoders [--seconds 60] [--seed 1] [--corpus FOLDER]

Guided by coverage where ``atheris`` is installed (Linux, no dependency of the product), else a plain mutator that cuts,
swaps and repeats bytes of good bodies and splices them. What fails is written to the corpus folder as ``crash-…``,
with the command that repeats it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson

from bench import fuzz_langsmith
from bench.decode import as_json, spoken_as
from bench.workload import Workload
from telemetry.columns import json_text
from telemetry.dialects import langfuse_bodies, langfuse_events, langfuse_scores, otlp_json
from telemetry.dialects.decoded import BadBody, BadItem
from telemetry.dialects.lookup import LOOKUP
from telemetry.dialects.otlp import decode_traces
from telemetry.dialects.otlp_logs import decode_logs
from telemetry.dialects.otlp_metrics import decode_metrics
from telemetry.span import COLUMNS, ERROR_TYPES, KINDS, Score, Span

CALLER: Any = SimpleNamespace(key_id=1, project_id=1, project_slug="fuzz", scopes=frozenset(), client="")
MAX_BODY = 20_000
#: A decoder that needs longer for so little is an attack on the product.
MAX_SECONDS = 2.0


def decode_langfuse(body: bytes, *, json: bool, caller: Any) -> SimpleNamespace:
    """What an ingestion request says, put together as ``telemetry.langfuse`` does; what is taken is not lost."""
    batch = langfuse_events.read(body)
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for piece in batch.pieces:
        about = (piece.subject, piece.id)
        known[about] = langfuse_events.added(known.get(about, {}), piece)
    whole = {about: langfuse_events.Known.of(pieces) for about, pieces in known.items()}
    spans = [
        langfuse_bodies.trace_span(own_id, about, None, caller)
        if subject == langfuse_events.TRACE
        else langfuse_bodies.observation_span(own_id, about, whole.get((langfuse_events.TRACE, own_id)), caller)
        for (subject, own_id), about in whole.items()
        if about.starts_at and (subject == langfuse_events.TRACE or "startTime" in about.body)
    ]
    scores = []
    for event_id, content in batch.scores:
        with contextlib.suppress(BadItem):
            scores.append(langfuse_scores.to_score(content, caller, fallback_id=event_id).score)
    return SimpleNamespace(spans=spans, scores=scores, batch=batch)


class Target(NamedTuple):
    """A decoder, and the byte that chooses it at the head of an input."""

    decode: Callable[..., Any]
    json: bool
    #: Ids of any length and letters.
    free_ids: bool = False


TARGETS = (
    Target(decode_traces, False),
    Target(decode_traces, True),
    Target(decode_logs, False),
    Target(decode_logs, True),
    Target(decode_metrics, False),
    Target(decode_metrics, True),
    Target(decode_langfuse, True, free_ids=True),
    Target(fuzz_langsmith.decode, True, free_ids=True),
)


def check(data: bytes) -> None:
    """Decode as the first byte says. Anything but an answer or ``BadBody`` is a finding."""
    if not data:
        return
    target = TARGETS[data[0] % len(TARGETS)]
    started = time.thread_time()
    with contextlib.suppress(BadBody):
        decoded = target.decode(data[1:], json=target.json, caller=CALLER)
        for span in getattr(decoded, "spans", ()):
            check_span(span, free_ids=target.free_ids)
        for score in getattr(decoded, "scores", ()):
            check_score(score)
    took = time.thread_time() - started
    if took > MAX_SECONDS:
        raise AssertionError(f"{len(data)} bytes took {took:.1f} s")


def check_span(span: Span, *, free_ids: bool = False) -> None:
    """A span must fit its columns."""
    assert span.kind in KINDS, span.kind
    assert (span.error_type in ERROR_TYPES) == (span.status == "error"), span.error_type
    assert (0 < len(span.trace_id) <= 256) if free_ids else len(span.trace_id) == 32, span.trace_id
    assert (0 < len(span.span_id) <= 256) if free_ids else len(span.span_id) == 16, span.span_id
    for name in COLUMNS:
        value = getattr(span, name)
        if isinstance(value, str):
            value.encode()
        elif isinstance(value, int):
            assert 0 <= value < 2**63, (name, value)
        elif isinstance(value, float):
            assert 0 <= value < float("inf"), (name, value)
    orjson.loads(json_text([span.attributes, span.documents]))
    for score in span.scores:
        check_score(score)


def check_score(score: Score) -> None:
    assert score.name and score.value == score.value, score
    for text in (score.name, score.label, score.comment, score.trace_id, score.span_id, score.score_id):
        text.encode()


def seeds() -> list[bytes]:
    """Good bodies of every decoder; every name of every table is in one of them."""
    (genai,) = Workload().bodies(4, spans_per_request=4)
    both = spoken_as(genai, keep=True)
    names = [*LOOKUP.known, *(pattern.replace("{}", "0") for pattern in LOOKUP.patterns)]
    values: list[Any] = [
        {"stringValue": '{"a": 1}'},
        {"intValue": "3"},
        {"arrayValue": {"values": [{"doubleValue": 1}]}},
    ]
    attributes = [{"key": name, "value": values[at % 3]} for at, name in enumerate(names)]
    span = {
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "1",
        "name": "n",
        "startTimeUnixNano": str(time.time_ns()),
        "status": {"code": 2},
    }
    spans = [
        {
            **span,
            "attributes": attributes[at : at + 20],
            "events": [{"name": name, "attributes": attributes[at : at + 5]}],
        }
        for at, name in zip(range(0, len(attributes), 20), [*LOOKUP.events] * len(attributes), strict=False)
    ]
    point = {"timeUnixNano": "1", "count": "2", "sum": 1.5, "attributes": attributes[:3]}
    metrics = [
        {"name": "m", "gauge": {"dataPoints": [point | {"asInt": "1"}]}},
        {"name": "m", "histogram": {"dataPoints": [point | {"bucketCounts": [1, 1], "explicitBounds": [1]}]}},
        {
            "name": "m",
            "exponentialHistogram": {"dataPoints": [point | {"scale": 1, "positive": {"bucketCounts": [2]}}]},
        },
        {"name": "m", "summary": {"dataPoints": [point | {"quantileValues": [{"quantile": 0.5, "value": 1}]}]}},
    ]
    records = [
        {**span, "eventName": name, "body": {"kvlistValue": {"values": attributes[:4]}}, "attributes": attributes[:9]}
        for name in LOOKUP.events
    ]
    found = [bytes([0]) + genai, bytes([0]) + both, bytes([1]) + as_json(genai)]
    found += [bytes([1]) + _wrapped("resourceSpans", "scopeSpans", "spans", [one]) for one in spans]
    found += [bytes([3]) + _wrapped("resourceLogs", "scopeLogs", "logRecords", [one]) for one in records]
    found += [bytes([5]) + _wrapped("resourceMetrics", "scopeMetrics", "metrics", [one]) for one in metrics]
    found += [bytes([data[0] - 1]) + _protobuf(data) for data in found if data[0] % 2]
    found += [bytes([6]) + json.dumps({"batch": [event], "metadata": {}}).encode() for event in _events()]
    return found + [bytes([7]) + body for body in fuzz_langsmith.bodies()]


def _events() -> Iterator[dict[str, Any]]:
    """One event of each type of Langfuse's, with every key that is read."""
    moment = "2026-11-23T14:31:32.068939Z"
    body: dict[str, Any] = dict.fromkeys(
        (*langfuse_bodies.SHARED_NAMES, *langfuse_bodies.OBSERVATION_NAMES, *langfuse_bodies.READ), "text"
    )
    body |= dict.fromkeys(langfuse_events.TIMES, moment)
    body |= {
        "usage": {"input": 1, "totalCost": 0.1},
        "usageDetails": {"prompt_tokens": 2},
        "metadata": {"user_id": "u"},
    }
    body |= {
        "tags": ["a"],
        "promptVersion": 3,
        "level": "ERROR",
        "value": 1,
        "dataType": "NUMERIC",
        "observationId": "o",
    }
    kinds = [f"{kind}-{verb}" for kind in (*langfuse_events.KINDS, "observation") for verb in ("create", "update")]
    for kind in (*kinds, "trace-create", "score-create", "sdk-log"):
        yield {"id": kind, "type": kind, "timestamp": moment, "body": body}


def _wrapped(resources: str, scopes: str, items: str, given: list[Any]) -> bytes:
    return json.dumps({resources: [{"resource": {}, scopes: [{"scope": {"name": "s"}, items: given}]}]}).encode()


def _protobuf(data: bytes) -> bytes:
    """The same request as protobuf."""
    request = otlp_json.load(data[1:])
    return otlp_json.message(
        ("Traces", "Logs", "Metrics")[data[0] // 2], {"resources": _renamed(request)}
    ).SerializeToString()


def _renamed(request: dict[str, Any]) -> list[Any]:
    (resources,) = request.values()
    return [
        {
            "resource": resource.get("resource"),
            "scopes": [
                {"scope": scope.get("scope"), "items": next(value for key, value in scope.items() if key != "scope")}
                for key, value in resource.items()
                if key != "resource"
                for scope in value
            ],
        }
        for resource in resources
    ]


def mutated(data: bytes, corpus: list[bytes], chance: random.Random) -> bytes:
    """A few damages to one input."""
    body = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(body) + 1)
        length = chance.choice((1, 1, 2, 4, 8, 64))
        match chance.randrange(6):
            case 0:
                del body[at : at + length]
            case 1:
                body[at:at] = chance.randbytes(length)
            case 2:
                body[at : at + length] = chance.randbytes(min(length, max(0, len(body) - at)))
            case 3:
                body[at:at] = body[at : at + length] * chance.choice((1, 2, 50))
            case 4:
                other = chance.choice(corpus)
                start = chance.randrange(len(other))
                body[at : at + length] = other[start : start + length * 4]
            case 5:
                body[at : at + length] = chance.choice(MAGIC)
    return bytes(body[:MAX_BODY])


MAGIC = (
    b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff" * 9 + b"\x01", b"\x0a\x00", b"\x2a\x02\x0a\x00", b"\xed\xa0\x80",
    b"null", b"-1", b"1e999", b"NaN", b'"', b"[", b"{", b"}]", b"\\ud800", b"9" * 30, b"true", b'{"intValue":',
)  # fmt: skip


def run_plain(corpus: list[bytes], *, seconds: float, seed: int, check: Callable[[bytes], None] = check) -> int:
    """Mutate for a while; returns how many inputs were tried. Raises Finding."""
    chance = random.Random(seed)
    ends = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < ends:
        data = mutated(chance.choice(corpus), corpus, chance)
        tried += 1
        try:
            check(data)
        except Exception as error:
            raise Finding(data) from error
    return tried


class Finding(Exception):
    """An input that a decoder could not bear."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"{len(data)} bytes")
        self.data = data


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.fuzz_decoders", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="folder of inputs, added to the generated ones; findings go there")
    parser.add_argument("--plain", action="store_true", help="the plain mutator, also where atheris is installed")
    parser.add_argument("--repeat", type=Path, help="check this one input and show what happens")
    given = parser.parse_args()
    if given.repeat:
        check(given.repeat.read_bytes())
        print("no finding")
        return
    corpus = seeds()
    for data in corpus:
        check(data)
    if not given.plain and importlib.util.find_spec("atheris"):
        run_guided(corpus, given)
        return
    folder = given.corpus or Path()
    corpus += [path.read_bytes() for path in sorted(folder.glob("seed-*"))]
    try:
        tried = run_plain(corpus, seconds=given.seconds, seed=given.seed)
    except Finding as finding:
        path = folder / f"crash-{hashlib.sha256(finding.data).hexdigest()[:16]}"
        path.write_bytes(finding.data)
        print(f"A finding after a mutation: python -m bench.fuzz_decoders --repeat {path}", file=sys.stderr)
        raise
    print(f"{tried:,} inputs from {len(corpus)} seeds in {given.seconds:.0f} s, no finding (plain mutator)")


def run_guided(corpus: list[bytes], given: argparse.Namespace) -> None:
    """Let libFuzzer look for new paths; it prints its own progress and writes its own crash files."""
    atheris = importlib.import_module("atheris")
    folder = given.corpus or Path("fuzz-corpus")
    folder.mkdir(exist_ok=True)
    for data in corpus:
        (folder / f"seed-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
    atheris.instrument_all()
    options = [f"-max_total_time={given.seconds:.0f}", f"-seed={given.seed}", f"-max_len={MAX_BODY}"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(folder)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
