"""Replay recorded production requests through OTLP with the OpenTelemetry SDK, and check the console's sums.

The trace is a CSV with TIMESTAMP, ContextTokens and GeneratedTokens (the shape of the Azure LLM inference traces);
texts are a JSONL with ``user_query`` and ``chatgpt_response`` (the shape of HaluEval's general data). Arrival times
keep their distances and are shifted so that the last request ended just now.

    python -m bench.replay --trace azure.csv --texts halueval.jsonl --url http://localhost:8000 --key KEY

Exit status 0 when requests, tokens and cost of the REST summary equal sums taken straight from the CSV and the price
table (cost to the cent), else 1.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import sys
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import genai_prices
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

MODEL, PROVIDER = "gpt-4o-mini", "openai"
#: The trace has no durations; a plausible one per generated token makes the latency panel readable.
MS_PER_TOKEN = 12


class Request(NamedTuple):
    arrived_ns: int
    input_tokens: int
    output_tokens: int


class Sums(NamedTuple):
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


def read_trace(path: Path) -> list[Request]:
    with path.open(newline="") as file:
        return [
            Request(
                int(datetime.fromisoformat(row["TIMESTAMP"][:26]).replace(tzinfo=UTC).timestamp() * 1e9),
                int(row["ContextTokens"]),
                int(row["GeneratedTokens"]),
            )
            for row in csv.DictReader(file)
        ]


def read_texts(path: Path) -> list[tuple[str, str]]:
    with path.open() as file:
        return [(row["user_query"], row["chatgpt_response"]) for row in map(json.loads, file)]


def expected(requests: list[Request]) -> Sums:
    """Straight from the rows and the price table, without the console's own pricing."""
    cost = sum(
        (
            genai_prices.calc_price(
                genai_prices.Usage(input_tokens=request.input_tokens, output_tokens=request.output_tokens),
                MODEL,
                provider_id=PROVIDER,
            ).total_price
            for request in requests
        ),
        Decimal(0),
    )
    return Sums(
        len(requests),
        sum(request.input_tokens for request in requests),
        sum(request.output_tokens for request in requests),
        cost,
    )


def send(requests: list[Request], texts: list[tuple[str, str]], url: str, key: str) -> None:
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", headers={"x-api-key": key} if key else {})
    processor = BatchSpanProcessor(exporter, max_queue_size=4096, max_export_batch_size=512)
    provider = TracerProvider(resource=Resource.create({"service.name": "replay"}))
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("bench.replay")
    shift = (
        time.time_ns()
        - 1_000_000_000
        - max(request.arrived_ns + request.output_tokens * MS_PER_TOKEN * 1_000_000 for request in requests)
    )
    for number, (request, (question, answer)) in enumerate(zip(requests, itertools.cycle(texts), strict=False), 1):
        began = request.arrived_ns + shift
        span = tracer.start_span(
            f"chat {MODEL}",
            kind=SpanKind.CLIENT,
            start_time=began,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": PROVIDER,
                "gen_ai.request.model": MODEL,
                "gen_ai.usage.input_tokens": request.input_tokens,
                "gen_ai.usage.output_tokens": request.output_tokens,
                "gen_ai.input.messages": json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": question}]}]
                ),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "parts": [{"type": "text", "content": answer}], "finish_reason": "stop"}]
                ),
            },
        )
        span.end(began + request.output_tokens * MS_PER_TOKEN * 1_000_000)
        # The SDK drops what its queue cannot hold; waiting keeps the replay whole.
        if number % 2048 == 0:
            processor.force_flush()
            print(f"sent {number} of {len(requests)}", file=sys.stderr)
    provider.shutdown()


def summary(url: str, key: str, hours: float) -> Sums:
    query = urllib.parse.urlencode({"from": f"now-{int(hours * 3600)}s", "to": "now", "service": "replay"})
    request = urllib.request.Request(f"{url}/api/v1/summary?{query}", headers={"x-api-key": key} if key else {})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    return Sums(answer["calls"], answer["input_tokens"], answer["output_tokens"], Decimal(answer["cost_usd"]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.replay", description=__doc__.split("\n\n")[0])
    parser.add_argument("--trace", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--key", default="")
    options = parser.parse_args()
    requests, texts = read_trace(options.trace), read_texts(options.texts)
    length = (max(r.arrived_ns for r in requests) - min(r.arrived_ns for r in requests)) / 3.6e12
    before = summary(options.url, options.key, length + 1)
    began = time.perf_counter()
    send(requests, texts, options.url, options.key)
    seconds = time.perf_counter() - began
    want, after = expected(requests), summary(options.url, options.key, length + 1)
    got = Sums(*(new - old for new, old in zip(after, before, strict=True)))
    cent = Decimal("0.01")
    same = got[:3] == want[:3] and got.cost_usd.quantize(cent) == want.cost_usd.quantize(cent)
    print(f"{'':16}{'calls':>10}{'input':>14}{'output':>12}{'cost USD':>16}")
    for name, sums in (("trace + prices", want), ("console", got)):
        print(f"{name:16}{sums.calls:>10}{sums.input_tokens:>14}{sums.output_tokens:>12}{sums.cost_usd:>16}")
    print(f"{'equal' if same else 'DIFFERENT'}; sent in {seconds:.1f} s")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
