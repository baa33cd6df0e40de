"""The SDK on a real OpenTelemetry provider whose spans stay in memory, and on a console of loopback."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from onwatch_sdk import budgets, content, counting, sending, tracing
from onwatch_sdk.console import Console
from onwatch_sdk.sending import Sending
from tests.sdk.loopback import Loopback, listening


class Recorded:
    """The spans that have ended."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def all(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def only(self) -> ReadableSpan:
        (span,) = self.all()
        return span

    def named(self, name: str) -> ReadableSpan:
        (span,) = [span for span in self.all() if span.name == name]
        return span

    def said(self) -> dict[str, Any]:
        """Attributes of the only span."""
        return dict(self.only().attributes)


@pytest.fixture
def counted() -> Iterator[Any]:
    """Call it for what was counted since the test began, without zeros. Faults fail a test that does not ask."""
    before = dataclasses.asdict(counting.stats())

    def since() -> dict[str, int]:
        now = dataclasses.asdict(counting.stats())
        since.asked = True
        return {name: now[name] - before[name] for name in now if now[name] != before[name]}

    since.asked = False
    yield since
    if not since.asked:
        assert "faults" not in since()


@pytest.fixture(autouse=True)
def _own_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ONWATCH_CAPTURE_CONTENT", "ONWATCH_MAX_TEXT", "ONWATCH_ENDPOINT", "ONWATCH_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(content, "policy", content.Policy())
    monkeypatch.setattr(budgets, "_silent_until", 0.0)
    monkeypatch.setattr(counting, "_warned", set())


@pytest.fixture(autouse=True)
def _nowhere() -> Iterator[None]:
    """What a test sends without a console of its own stays here."""
    now = Sending(Console("http://127.0.0.1:9"))
    before = sending.replace(now)
    yield
    sending.replace(before)
    now.spans.retire()
    now.scores.retire()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(tracing.Carrier())
    monkeypatch.setattr(tracing, "_provider", made)
    return made


@pytest.fixture
def spans(provider: TracerProvider, counted: Any) -> Recorded:
    recorded = Recorded()
    provider.add_span_processor(SimpleSpanProcessor(recorded.exporter))
    return recorded


@pytest.fixture
def console() -> Iterator[Loopback]:
    with listening() as server:
        yield server


@pytest.fixture
def connected(console: Loopback, provider: TracerProvider) -> Iterator[Loopback]:
    """Spans and scores go to the loopback console."""
    provider.add_span_processor(tracing._forwarder)
    now = Sending(Console(console.url, "secret-key"))
    before = sending.replace(now)
    yield console
    sending.replace(before)
    now.spans.close(2)
    now.scores.close(2)
