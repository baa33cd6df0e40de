"""Log records and metrics that real clients sent, stored and joined as a whole. See ``dialects/test_samples.py``."""

import pytest

from telemetry import commit
from telemetry.dialects.otlp_logs import decode_logs
from telemetry.dialects.otlp_metrics import decode_metrics
from telemetry.logs import amend
from telemetry.metrics import points
from telemetry.metrics import queries as metric_queries
from telemetry.metrics.kinds import AGGREGATIONS
from tests.telemetry.dialects import test_samples
from tests.telemetry.dialects.builders import CALLER
from tests.telemetry.ingest.ask import ask, value

pytestmark = pytest.mark.usefixtures("stores", "db")

LEGACY, LATEST = "otlp-otel-openai-v2-legacy-content", "otlp-otel-openai-v2-latest"
#: Bodies of log records, the spans that they belong to, and how many of those have an input afterwards.
PAIRS = [
    ([f"{LEGACY}-logs.pb"], f"{LEGACY}-traces.pb", 4),
    ([f"{LATEST}-logs.pb.gz", f"{LATEST}-logs-2.pb.gz"], f"{LATEST}-traces.pb.gz", 4),
    (["otlp-otel-util-genai-logs.pb"], "otlp-otel-util-genai-traces.pb", 3),
    (["otlp-openlit-logs.pb"], "otlp-openlit-traces.pb", 4),
    (["otlp-otel-openai-v2-default-logs.pb"], "otlp-otel-openai-v2-default-traces.pb", 0),
]
METRICS = [
    "otlp-openlit-metrics.pb", "otlp-openllmetry-metrics.pb", "otlp-otel-openai-v2-default-metrics.pb",
    "otlp-otel-openai-v2-latest-metrics.pb.gz", "otlp-otel-openai-v2-legacy-content-metrics.pb",
    "otlp-otel-util-genai-metrics.pb", "otlp-traceloop-sdk-metrics.pb",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _own_steps(settings):
    settings.TELEMETRY_PIPELINE = []
    settings.TELEMETRY_AFTER_STORE = []


def send_logs(name: str) -> None:
    decoded = decode_logs(test_samples.content_of(name), json=False, caller=CALLER)
    assert (decoded.rejected, decoded.ignored) == (0, 0)
    amend.take(decoded.joins)


def send_spans(name: str) -> None:
    commit.store_spans(test_samples.sample(name).spans)


TEXTS = """
    SELECT spans.name, input_tokens, output_tokens,
        if(told.input != '', told.input, spans.input) AS asked,
        if(told.output != '', told.output, spans.output) AS answered,
        if(told.tool_calls != '', told.tool_calls, spans.tool_calls) AS called
    FROM spans LEFT JOIN span_content AS told ON told.id_hash = spans.id_hash
    ORDER BY spans.start_time, spans.span_id"""


@pytest.mark.parametrize(("logs", "traces", "with_input"), PAIRS)
def test_captured_records_are_joined_in_either_order(logs, traces, with_input):
    send_spans(traces)
    before = ask("SELECT sum(spans), sum(input_tokens), sum(output_tokens) FROM spans_1m")
    for name in logs * 2:
        send_logs(name)
    laid_over = ask(TEXTS)
    assert sum(bool(row[3]) for row in laid_over) == with_input
    assert ask("SELECT sum(spans), sum(input_tokens), sum(output_tokens) FROM spans_1m") == before
    for table in ("spans", "spans_1m", "log_pieces", "joined_pieces", "span_content"):
        ask(f"TRUNCATE TABLE {table}")
    commit.forget()
    for name in logs:
        send_logs(name)
    send_spans(traces)
    send_spans(traces)
    assert value("SELECT count() FROM span_content") == 0
    assert ask(TEXTS) == laid_over
    assert ask("SELECT sum(spans), sum(input_tokens), sum(output_tokens) FROM spans_1m") == before


@pytest.mark.parametrize("name", METRICS)
def test_captured_metrics_are_stored_once_and_read(name):
    found = decode_metrics(test_samples.content_of(name), json=False, caller=CALLER).points
    assert points.store_points(found) == len(found)
    commit.forget()
    assert points.store_points(found) == 0
    listed = metric_queries.metrics(CALLER.project_id)
    assert {metric.name for metric in listed} == {point.name for point in found}
    assert not [metric for metric in listed if metric.shape != "histogram" and "duration" in metric.name]


def test_what_a_captured_client_measured_can_be_read():
    found = decode_metrics(test_samples.content_of("otlp-otel-util-genai-metrics.pb"), json=False, caller=CALLER).points
    points.store_points(found)
    when = max(point.time for point in found)
    span = metric_queries.TimeRange(when.replace(minute=0, second=0), when + metric_queries.REACH)
    selection = metric_queries.select(
        CALLER.project_id, "gen_ai.client.token.usage", {"gen_ai.token.type": "input", "gen_ai.operation.name": "chat"}
    )
    sums = metric_queries.total(selection, CALLER.project_id, span)
    assert AGGREGATIONS["histogram"]["sum"].read(sums, 1) == 120


def test_no_captured_body_is_forgotten():
    if not test_samples.SAMPLES.is_dir():
        pytest.skip("the captured client bodies do not lie beside this checkout")
    names = {path.name for kind in ("logs", "metrics") for path in test_samples.SAMPLES.glob(f"otlp-*-{kind}*.pb*")}
    assert names == {*METRICS, *(name for logs, _, _ in PAIRS for name in logs)}
