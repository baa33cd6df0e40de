"""What collectors do: pass everything on, also metrics and log records, also as JSON, and come back when refused."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.clients.busy_door import RETRY_AFTER_SECONDS, busy_door
from tests.clients.run import PROGRAMS
from tests.clients.senders import SENDERS
from tests.clients.test_senders import Span, check_calls, named

COLLECTOR, ROTEL = SENDERS["collector"], SENDERS["rotel-http"]
#: The Collector's exporter in its configuration, of which arguments change single lines.
EXPORTER = "yaml:exporters::otlphttp/onwatch"
#: Of one run, or of the way that it came; scores, because our own evaluators give some to a random sample.
OWN = frozenset(
    {
        "trace_id", "span_id", "parent_id", "start_time", "duration_ms", "received_at", "service", "client", "sampled",
        "scores",
    }
)  # fmt: skip
JUDGEMENT = {"name": "tone", "value": 0.75, "label": "friendly", "comment": "Short and clear."}


def told(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """What the spans say, whichever way they came."""
    names = {span["span_id"]: span["name"] for span in spans}
    found = [{name: value for name, value in span.items() if name not in OWN} for span in spans]
    for span, said in zip(spans, found, strict=True):
        said["below"] = names.get(span["parent_id"], "")
        said["attributes"] = {**span["attributes"], "resource.service.instance.id": ""}
        if span["kind"] == "llm" and span["output"]:
            said |= {"input": json.loads(span["input"]), "output": json.loads(span["output"])}
    return found


def wait_judged(console, spans: Sequence[Span]) -> list[dict[str, Any]]:
    """How the chat among the spans was judged; a judgement may follow its span."""
    chat = named(spans, "chat gpt-4o-mini")

    def ask() -> list[dict[str, Any]]:
        scores = named(console.spans(chat["trace_id"]), chat["name"])["scores"]
        return [{name: score[name] for name in JUDGEMENT} for score in scores if score["name"] == JUDGEMENT["name"]]

    return console.until(ask, bool, "a judgement")


@pytest.mark.parametrize("slug", ["rotel-http", "rotel-grpc", "collector"])
def test_everything_arrives_as_without_a_collector(sent, slug):
    assert told(sent(slug)) == told(sent("otel-http"))


def test_a_judgement_in_a_file_is_a_score(console, sent):
    assert wait_judged(console, sent("collector")) == [JUDGEMENT]


def test_json(console, sent, sending):
    with sending(COLLECTOR, "--config", f"{EXPORTER}::encoding: json", OTEL_SERVICE_NAME="collector-json"):
        spans = console.wait_whole(COLLECTOR.is_whole, service="collector-json")
        assert wait_judged(console, spans) == [JUDGEMENT]
    assert told(spans) == told(sent("otel-http"))


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_metrics(console, sending, protocol):
    sender = replace(SENDERS[f"rotel-{protocol}"], program="otel_metrics.py")
    service = f"rotel-{protocol}-metrics"
    with sending(sender, OTEL_SERVICE_NAME=service, OTEL_EXPORTER_OTLP_PROTOCOL=protocol):
        console.wait_metric("shop.orders", "sum", service, "7 orders")
        console.wait_metric("shop.open", "last", service, "1")
        console.wait_metric("shop.wait", "p95", service, "2.5 s")


def test_log_records_of_an_instrumentation(console, sending):
    instrumented = SENDERS["openai-v2-default"]
    program = replace(ROTEL, program=instrumented.program, spans=instrumented.spans, joined="tool_calls")
    with sending(program, OTEL_SERVICE_NAME="rotel-logs", **instrumented.options):
        spans = console.wait_whole(program.is_whole, service="rotel-logs")
    check_calls(spans, used=(120, 0, 0, 30, 0), cost="0.000036")


def test_what_the_collector_tells_of_itself(console, sending, tmp_path):
    itself = tmp_path / "itself.yaml"
    itself.write_text((PROGRAMS / "collector_itself.yaml").read_text().format(url=console.url, key=console.key))
    with sending(COLLECTOR, "--config", str(itself), OTEL_SERVICE_NAME="collector-watched"):
        console.wait_metric("otelcol_exporter_sent_log_records", "sum", "collector-itself", "3 records")
        spans = console.wait_all_spans(4, service="collector-itself")
    assert "exporter/otlphttp/onwatch/logs" in {span["name"] for span in spans}


def test_what_the_collector_sends_again_counts_once(console, sending):
    impatient = f"{EXPORTER}::retry_on_failure::initial_interval: 10ms"
    with busy_door(console.url) as door:
        more = ("--config", impatient, "--config", f"{EXPORTER}::endpoint: {door.url}")
        with sending(COLLECTOR, *more, OTEL_SERVICE_NAME="collector-again"):
            door.wait()
            spans = console.wait_whole(COLLECTOR.is_whole, service="collector-again")
    # Not after ten milliseconds, but when it was told to.
    assert min(door.pauses) >= RETRY_AFTER_SECONDS
    assert wait_judged(console, spans) == [JUDGEMENT]
    assert "The sky is blue." in named(spans, "chat gpt-4o-mini")["output"]


def test_what_rotel_sends_again_counts_once(console, sending):
    with busy_door(console.url) as door:
        more = {"ROTEL_OTLP_EXPORTER_ENDPOINT": door.url, "ROTEL_OTLP_EXPORTER_RETRY_INITIAL_BACKOFF": "100ms"}
        with sending(ROTEL, OTEL_SERVICE_NAME="rotel-again", **more):
            door.wait()
    found = console.get("/summary", range="1h", service="rotel-again")
    assert (found["calls"], found["input_tokens"], found["output_tokens"]) == (3, 128, 30)
