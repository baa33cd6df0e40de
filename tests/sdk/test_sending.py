"""Spans on their way: nothing waits for the network, and nothing is lost without being counted."""

import logging
import os
import subprocess
import sys
import threading
import time

import pytest
from opentelemetry import trace
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

import onwatch_sdk as onwatch
from onwatch_sdk import console as http
from onwatch_sdk import sending, tracing
from onwatch_sdk.outbox import Outbox
from tests.console import ROOT
from tests.sdk.loopback import Answer


@onwatch.trace_tool
def tool(number):
    return number


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(http, "PAUSES_SECONDS", (0.01, 0.02))


def test_spans_arrive_with_key_and_version(connected, counted):
    tool(1)
    assert onwatch.flush(5)
    assert connected.span_names() == ["tool"]
    (asked,) = connected.asked
    assert asked.headers["X-Api-Key"] == "secret-key"
    assert asked.headers["User-Agent"] == f"onwatch-sdk/{onwatch.__version__}"
    assert counted() == {"spans_ended": 1, "spans_sent": 1}


def test_they_go_by_themselves(connected):
    tool(1)
    connected.wait_for(1, seconds=5)


def test_many_go_in_batches(connected, counted):
    for number in range(1300):
        tool(number)
    assert onwatch.flush(20)
    assert len(connected.span_names()) == 1300
    assert 3 <= len(connected.asked) <= 10
    assert connected.asked[0].headers["Content-Encoding"] == "gzip"
    assert counted()["spans_sent"] == 1300


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_console_that_asks_for_time_gets_it(status, connected, counted):
    connected.answers = [Answer(status, headers={"Retry-After": "0.05"}), Answer(status)]
    tool(1)
    assert onwatch.flush(5)
    assert len(connected.asked) == 3
    assert counted() == {"spans_ended": 1, "spans_sent": 1}


@pytest.mark.parametrize("status", [400, 401, 403, 413, 500])
def test_what_is_refused_is_counted_and_logged_once(status, connected, counted, caplog):
    connected.default = Answer(status, b'{"detail": "no such key"}')
    tool(1)
    assert onwatch.flush(5)
    tool(2)
    assert onwatch.flush(5)
    assert len(connected.asked) == 2
    assert counted() == {"spans_ended": 2, "spans_failed": 2}
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f"answered {status}" in record.getMessage()
    assert "no such key" in record.getMessage()
    assert "secret-key" not in record.getMessage()


def test_a_console_that_is_away_is_tried_again_and_then_given_up(connected, counted):
    sending.current().console.base = "http://127.0.0.1:9"
    tool(1)
    assert onwatch.flush(5)
    assert counted() == {"spans_ended": 1, "spans_failed": 1}
    assert onwatch.stats().lost >= 1


def test_what_the_console_rejects_is_counted(connected, counted, caplog):
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 1
    answer.partial_success.error_message = "span 0: starts more than a day ahead"
    connected.default = Answer(200, answer.SerializeToString())
    tool(1)
    tool(2)
    assert onwatch.flush(5)
    assert counted() == {"spans_ended": 2, "spans_sent": 1, "spans_rejected": 1}
    assert "more than a day ahead" in caplog.text


def test_a_redirect_is_no_success_and_gets_no_key(connected, counted):
    connected.default = Answer(302, headers={"Location": f"{connected.url}/login"})
    tool(1)
    assert onwatch.flush(5)
    assert [asked.path for asked in connected.asked] == ["/v1/traces"]
    assert counted()["spans_failed"] == 1


@pytest.mark.parametrize(
    "address", ["not an address", "ftp://127.0.0.1", "file:///etc/passwd", "http://[", "http://127.0.0.1:0"]
)
def test_an_address_that_is_none_harms_nobody(address, connected, counted):
    sending.current().console.base = address
    tool(1)
    assert onwatch.flush(5)
    assert counted()["spans_failed"] == 1


@pytest.mark.parametrize("path", ["", "/", "/v1/traces", "/v1/traces/", "/api/v1"])
def test_addresses_with_the_path_of_another_client(path, console, connected):
    sending.current().console.base = http.Console(console.url + path).base
    tool(1)
    assert onwatch.flush(5)
    assert [asked.path for asked in console.asked] == ["/v1/traces"]


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel", "\ud800"])
def test_a_key_that_is_none_harms_nobody(key, connected, counted, caplog):
    sending.current().console.key = key
    tool(1)
    assert onwatch.flush(5)
    assert counted()["spans_ended"] == 1
    assert repr(key)[1:-1] not in caplog.text


def test_one_span_that_cannot_be_written_does_not_take_the_others_along(connected, provider, counted):
    """The application may write anything on spans of its own."""
    tracer = provider.get_tracer("somebody.else")
    for number in range(20):
        with tracer.start_as_current_span("\ud800" if number == 7 else f"span {number}"):
            pass
    assert onwatch.flush(5)
    assert len(connected.span_names()) == 19
    assert counted() == {"spans_ended": 20, "spans_sent": 19, "spans_failed": 1}


def test_a_call_does_not_wait_for_a_console_that_hangs(connected, counted):
    release = threading.Event()
    connected.default = Answer(after=release)
    began = time.perf_counter()
    for number in range(600):
        tool(number)
    # 600 calls, with two requests under way, in much less than one request takes.
    assert time.perf_counter() - began < 2
    assert not onwatch.flush(0.05)
    release.set()
    assert onwatch.flush(10)
    assert counted()["spans_sent"] == 600


def test_a_full_queue_drops_the_oldest_and_counts_them(counted, caplog):
    hold = threading.Event()
    begun = threading.Event()
    delivered = []

    def deliver(items, patience):
        begun.set()
        hold.wait(10)
        delivered.extend(items)

    box = Outbox("spans", deliver, size=10, batch=5, every_seconds=0)
    box.put(0)
    assert begun.wait(5)
    for number in range(1, 31):
        box.put(number)
    assert counted() == {"spans_dropped": 20}
    assert "queue is full" in caplog.text
    hold.set()
    box.close(5)
    assert delivered == [0, *range(21, 31)]
    box.put(99)
    assert counted() == {"spans_dropped": 21}


def test_heavy_items_go_in_small_batches_and_do_not_pile_up(counted):
    hold = threading.Event()
    begun = threading.Event()
    delivered = []

    def deliver(items, patience):
        begun.set()
        hold.wait(10)
        delivered.append(items)

    box = Outbox(
        "spans", deliver, size=100, batch=50, every_seconds=0, weigh=lambda item: item, weight=100, batch_weight=30
    )
    box.put(1)
    assert begun.wait(5)
    for number in (40, 10, 15, 10, 45, 500, 20, 5, 5):
        box.put(number)
    # The one that is heavier than all may be is alone with what came after it left no room for.
    assert counted() == {"spans_dropped": 6}
    hold.set()
    box.close(5)
    assert delivered == [[1], [20, 5, 5]]


def test_long_prompts_do_not_make_requests_that_nobody_takes(connected, counted):
    text = "x" * 100_000
    for _ in range(100):
        tool(text)
    assert onwatch.flush(20)
    assert len(connected.asked) >= 5
    assert max(len(asked.body) for asked in connected.asked) < 17_000_000
    assert counted() == {"spans_ended": 100, "spans_sent": 100}


def test_an_exception_while_sending_is_counted_and_the_next_goes_on(counted):
    seen = []

    def deliver(items, patience):
        seen.append(items)
        if len(seen) == 1:
            raise MemoryError

    box = Outbox("spans", deliver, size=10, batch=1, every_seconds=0)
    box.put(1)
    box.put(2)
    assert box.flush(5)
    assert seen == [[1], [2]]
    assert counted() == {"spans_failed": 1, "faults": 1}


def test_closing_tries_once_more_and_counts_the_rest(connected, counted, monkeypatch):
    monkeypatch.setattr(http, "PAUSES_SECONDS", (60,))
    connected.default = Answer(503)
    tool(1)
    connected.wait_for(1)
    began = time.perf_counter()
    onwatch.shutdown(5)
    assert time.perf_counter() - began < 4
    assert counted() == {"spans_ended": 1, "spans_failed": 1}
    tool(2)
    assert counted() == {"spans_ended": 2, "spans_failed": 1, "spans_dropped": 1}


def test_setting_up_again_sends_what_waits_where_it_was_meant_for(console, provider, monkeypatch, counted):
    monkeypatch.setattr(tracing, "_provider", None)
    onwatch.setup_tracing("shop", console.url)
    tool(1)
    onwatch.setup_tracing("shop", "http://127.0.0.1:9")
    console.wait_for(1)
    assert console.span_names() == ["tool"]


def run(program, **env):
    """A program of its own, as users write it."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "sdk"), **env}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


HEAD = """
import onwatch_sdk as onwatch
from opentelemetry import trace
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value

@onwatch.trace_tool
def tool(number):
    return number
"""


def test_a_program_that_ends_sends_what_it_has(console):
    run(
        f"{HEAD}\nonwatch.setup_tracing('shop')\ntool(1)\nonwatch.score(1, trace_id='a' * 32)",
        ONWATCH_ENDPOINT=console.url,
    )
    assert console.span_names() == ["tool"]
    assert len(console.scores()) == 1


def test_a_program_ends_quickly_without_a_console():
    began = time.perf_counter()
    done = run(f"{HEAD}\nonwatch.setup_tracing('shop', 'http://127.0.0.1:9')\nfor n in range(2000): tool(n)")
    assert time.perf_counter() - began < 12
    assert done.stderr.count("spans_failed") == 1


def test_a_forked_child_sends_its_own_and_only_that(console):
    program = f"""{HEAD}
import os
onwatch.setup_tracing('shop')
tool(1)
child = os.fork()
if child == 0:
    onwatch.trace_tool('child')(lambda: 1)()
    onwatch.flush(5)
    assert onwatch.stats().spans_ended == onwatch.stats().spans_sent == 1, onwatch.stats()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert onwatch.flush(5)
"""
    run(program, ONWATCH_ENDPOINT=console.url)
    assert sorted(console.span_names()) == ["child", "tool"]


def test_a_provider_that_was_here_first_is_kept(console):
    program = f"""{HEAD}
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
first = TracerProvider(resource=Resource.create({{"service.name": "first"}}))
trace.set_tracer_provider(first)
assert onwatch.setup_tracing('shop') is first
onwatch.setup_tracing('shop')
with first.get_tracer('web').start_as_current_span('request'):
    tool(1)
assert onwatch.flush(5)
assert onwatch.stats().spans_ended == 2
"""
    run(program, ONWATCH_ENDPOINT=console.url)
    assert sorted(console.span_names()) == ["request", "tool"]


def test_the_provider_is_the_global_one(console):
    program = f"""{HEAD}
provider = onwatch.setup_tracing('shop', environment='production', release='1.2')
assert trace.get_tracer_provider() is provider
assert provider.resource.attributes['deployment.environment.name'] == 'production'
with trace.get_tracer('web').start_as_current_span('request'):
    tool(1)
provider.force_flush()
assert onwatch.stats().spans_sent == 2 and onwatch.stats().waiting == 0
# Other libraries follow a second set-up as well.
onwatch.setup_tracing('shop')
with trace.get_tracer('web').start_as_current_span('later'):
    pass
assert onwatch.flush(5)
assert onwatch.stats().spans_sent == 3
"""
    run(program, ONWATCH_ENDPOINT=console.url)
    assert sorted(console.span_names()) == ["later", "request", "tool"]


def test_unsampled_traces_are_neither_sent_nor_described(console):
    program = f"""{HEAD}
onwatch.setup_tracing('shop')
tool(1)
assert onwatch.flush(5)
assert onwatch.stats().spans_ended == 0
"""
    run(program, ONWATCH_ENDPOINT=console.url, OTEL_TRACES_SAMPLER="always_off")
    assert console.asked == []


def test_sending_is_not_traced(connected, provider):
    """An instrumented HTTP client must see that it is to be silent."""
    seen = []
    ask = sending.current().console.ask
    sending.current().console.ask = lambda *a, **k: (
        seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY)),
        ask(*a, **k),
    )[1]
    tool(1)
    assert onwatch.flush(5)
    assert seen == [True]
    assert trace.get_current_span().get_span_context().is_valid is False
